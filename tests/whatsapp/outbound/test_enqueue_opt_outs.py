"""Marketing templates to customers who have opted out are refused; anything else is sent."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Customer, Message
from tests.envelope import refused
from tests.staff import address, messages_of, staff_of
from tests.whatsapp import meta
from tests.whatsapp.graph import error
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA, BRUNO, HELLO, TEMPLATE, reloaded
from tests.whatsapp.template_list import WABA
from whatsapp.models import Channel, ListedTemplate, MessageTemplate
from whatsapp.outbound import queue

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def has_template(business, category):
    Channel.objects.update(waba_id=WABA)
    template = ListedTemplate(
        name=TEMPLATE["name"],
        language=TEMPLATE["language"],
        provider_id="1",
        category=category,
        status="approved",
        components=[{"type": "BODY", "text": "Cakes for half the price"}],
    )
    MessageTemplate.objects.store(user_id=business.id, waba_id=WABA, templates=[template], listed_at=NOON)


@pytest.fixture
def opted_out(mailing):
    """Amina wants no marketing."""
    mailing.writes("Hello", to=AMINA)
    Customer.objects.update(marketing_choice_at=Now(), marketing_opted_out_at=Now())
    has_template(mailing.business, "marketing")
    return mailing


def test_the_api_refuses_a_marketing_template_and_stores_nothing(opted_out):
    answer = opted_out.post(to=AMINA, template=TEMPLATE, createLead=True, customerName="Amina B.")
    body = refused(answer, 409)
    assert (body["code"], list(body["fields"])) == ("opted_out", ["template"])
    assert "does not want marketing" in body["error"]
    assert opted_out.business.row_counts() == (1, 1, 0)
    assert Message.objects.count() == 1
    assert Customer.objects.get().name == ""


def test_a_reply_is_refused_too(opted_out):
    conversation_id = Message.objects.get().conversation_id
    body = refused(opted_out.post(f"/api/conversations/{conversation_id}/messages", template=TEMPLATE), 409)
    assert body["code"] == "opted_out"


def test_staff_cannot_send_one_again(opted_out):
    row = Message.objects.get()
    template = {"name": TEMPLATE["name"], "language": {"code": TEMPLATE["language"]}}
    Message.objects.update(status="failed", kind="template", extras={"template": template}, due_at=None)
    answer = staff_of(opted_out.business).client.post(address("decide", row), {"decision": "again"}, follow=True)
    assert "does not want marketing" in "".join(messages_of(answer))
    assert Message.objects.count() == 1


@pytest.mark.parametrize("category", ["utility", "authentication", "", "something_new"])
def test_other_templates_are_sent(opted_out, category):
    has_template(opted_out.business, category)
    assert opted_out.post(to=AMINA, template=TEMPLATE).status_code == 202


def test_a_template_of_unknown_category_is_tried(opted_out):
    MessageTemplate.objects.all().delete()
    assert opted_out.post(to=AMINA, template=TEMPLATE).status_code == 202


def test_text_and_other_customers_are_not_concerned(opted_out):
    assert opted_out.post(**HELLO).status_code == 202
    assert opted_out.post(to=BRUNO, template=TEMPLATE).status_code == 202


def test_after_a_resume_it_is_sent(opted_out):
    Customer.objects.update(marketing_choice_at=Now(), marketing_opted_out_at=None)
    assert opted_out.post(to=AMINA, template=TEMPLATE).status_code == 202


class TestOptedOutWhileQueued:
    """A marketing template that was queued before the customer opted out is not sent."""

    @pytest.fixture
    def queued(self, mailing):
        has_template(mailing.business, "marketing")
        answer = mailing.post(to=AMINA, template=TEMPLATE)
        return Message.objects.get(pk=answer.json()["message_id"])

    def opts_out(self):
        Customer.objects.update(marketing_choice_at=Now(), marketing_opted_out_at=Now())

    def test_it_fails_without_a_request(self, queued, mailing):
        self.opts_out()
        mailing.send_due()
        assert (reloaded(queued).status, queued.error.split(":")[0], queued.due_at) == ("failed", "opted_out", None)
        assert mailing.graph.ledger == []
        answer = mailing.business.client.get(f"/api/messages/{queued.pk}").json()
        assert (answer["status"], answer["error"]) == ("failed", queued.error)

    def test_the_customer_waits_for_an_answer_again(self, queued, mailing):
        Inbox(mailing.business).gets(meta.text("Open today?", from_=AMINA[1:]))
        assert mailing.post(to=AMINA, template=TEMPLATE).status_code == 202
        self.opts_out()
        for _ in range(2):
            mailing.send_all()
        assert mailing.graph.ledger == []
        assert Conversation.objects.get().waiting_since is not None

    def test_what_is_queued_behind_it_is_sent(self, queued, mailing):
        mailing.writes("Your cake is ready")
        self.opts_out()
        for _ in range(2):
            mailing.send_all()
        assert [status for _, status in mailing.states()] == ["failed", "sent"]

    def test_others_are_sent_and_it_takes_no_statement_more(self, queued, mailing):
        assert mailing.post(to=BRUNO, template=TEMPLATE).status_code == 202
        with CaptureQueriesContext(connection) as before:
            claimed = queue.claim(8)
        Message.objects.update(status="queued", due_at=Now())
        Customer.objects.update(paced_until=None)
        Customer.objects.filter(phone=AMINA).update(marketing_choice_at=Now(), marketing_opted_out_at=Now())
        Channel.objects.update(paced_until=None)
        with CaptureQueriesContext(connection) as after:
            again = queue.claim(8)
        assert [[one.withheld for one in messages] for messages in (claimed, again)] == [[""] * 2, ["opted_out", ""]]
        assert len(before) == len(after)

    def test_opting_in_again_in_time(self, queued, mailing):
        self.opts_out()
        Customer.objects.update(marketing_choice_at=Now(), marketing_opted_out_at=None)
        mailing.send_due()
        assert reloaded(queued).status == "sent"


@pytest.mark.parametrize(("code", "opts_out"), [(131050, True), (131049, False), (131047, False)])
def test_metas_refusal_at_once_is_an_opt_out(mailing, code, opts_out):
    mailing.graph.queue_reactions(error(code, title="User has opted out of marketing"))
    row = mailing.writes()
    mailing.send_due()
    row.refresh_from_db()
    assert row.status == "failed"
    assert (Customer.objects.get().marketing_opted_out_at is not None) == opts_out
