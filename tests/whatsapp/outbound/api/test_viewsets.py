"""POST /api/whatsapp and the messages' own endpoints, as a REST client meets them."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from conversations.models import Conversation, Message
from leads.models import Lead
from tests.factories import NOTHING
from tests.leads.api.test_viewsets import BAD_BODIES, refused
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA

ANSWER = {"success", "message_id", "conversation_id", "lead_id", "status", "window"}
HELLO = {"to": AMINA, "message": "Your cake is ready"}
TEMPLATE = {"name": "cake_ready", "language": "en_US"}


def nothing_stored(business):
    assert business.row_counts() == NOTHING
    assert not Message.objects.exists()
    return True


def test_without_a_lead_it_stores_a_message_with_its_conversation(mailing):
    answer = mailing.post(**HELLO)

    assert answer.status_code == 202
    body = answer.json()
    assert set(body) == ANSWER
    assert (body["success"], body["lead_id"], body["status"], body["window"]) == (True, None, "queued", "closed")
    row = Message.objects.get(pk=body["message_id"])
    assert (str(row.conversation_id), row.status, row.content) == (body["conversation_id"], "queued", HELLO["message"])
    assert mailing.business.row_counts() == (1, 1, 0)


def test_with_a_lead_all_three_come_together(mailing):
    more = {"createLead": True, "customerName": "Amina", "leadType": "order", "details": "A lemon cake"}
    body = mailing.post(**HELLO, **more).json()

    lead = Lead.objects.get(pk=body["lead_id"])
    assert (lead.type, lead.details, lead.source, lead.status) == ("order", "A lemon cake", "api", "new")
    assert str(lead.conversation_id) == body["conversation_id"]
    assert lead.conversation.customer.name == "Amina"
    assert mailing.business.row_counts() == (1, 1, 1)


def test_a_lead_without_a_name_is_refused_and_nothing_is_stored(mailing):
    for name in ({}, {"customerName": ""}, {"customerName": "  "}, {"customerName": None}):
        body = refused(mailing.post(**HELLO, createLead=True, **name), 400)
        assert list(body["fields"]) == ["customerName"]
    assert nothing_stored(mailing.business)


def test_what_is_left_out_of_a_lead_has_defaults(mailing):
    body = mailing.post(**HELLO, createLead=True, customerName="Amina").json()
    lead = Lead.objects.get(pk=body["lead_id"])
    assert (lead.type, lead.details) == ("inquiry", "")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("to", value) for value in ["", "12", "0151 2345678", "US", "US.", "us.123", "US.12-3", 49151234567, None]),
        *(("message", value) for value in ["", "  \n", "x" * 4097, 5, None, ["a"], "a\0b", "\ud800"]),
        *(("createLead", value) for value in ["true", 1, None, "no"]),
        *(("customerName", value) for value in ["x" * 201, 5, "a\0b", "\ud800"]),
        *(("leadType", value) for value in ["cake", 5, "\ud800"]),
        *(("details", value) for value in ["x" * 10_001, {}, "a\0"]),
        *(("template", value) for value in ["cake", [], {}, {"name": "Cake!"}, {"name": "cake", "language": 5}]),
        ("template", TEMPLATE | {"components": "none"}),
        ("template", TEMPLATE | {"components": [{"text": "a\0"}]}),
        ("template", TEMPLATE | {"components": [{"text": "\ud800"}]}),
        ("template", TEMPLATE | {"components": [{"text": "x" * 40_000}]}),
        ("template", TEMPLATE | {"button": "press"}),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_stored(mailing, field, value):
    body = HELLO | {"createLead": True, "customerName": "Amina"} | {field: value}
    if field == "template":
        del body["message"]
    answer = mailing.business.client.post("/api/whatsapp", json.dumps(body), content_type="application/json")
    assert list(refused(answer, 400)["fields"]) == [field]
    assert nothing_stored(mailing.business)


def test_every_bad_field_is_named_at_once(mailing):
    body = refused(mailing.post(to="12", message="", leadType="x", createLead=3), 400)
    assert set(body["fields"]) == {"to", "message", "leadType", "createLead"}


@pytest.mark.parametrize("case", BAD_BODIES)
def test_a_body_that_cannot_be_read_is_400(case, mailing):
    answer = mailing.business.client.post("/api/whatsapp", BAD_BODIES[case], content_type="application/json")
    refused(answer, 400)
    assert nothing_stored(mailing.business)


def test_either_a_message_or_a_template_is_needed(mailing):
    both = refused(mailing.post(**HELLO, template=TEMPLATE), 400)
    neither = refused(mailing.post(to=AMINA), 400)
    assert list(both["fields"]) == list(neither["fields"]) == ["message"]


def test_without_a_key_it_is_401(anonymous, db):
    refused(anonymous.post("/api/whatsapp", HELLO, format="json"), 401)


@pytest.mark.parametrize("path", ["/api/whatsapp", "/api/whatsapp/"])
def test_a_trailing_slash_is_taken(mailing, path):
    assert mailing.post(path, **HELLO).status_code == 202


def test_the_customer_is_found_by_any_spelling_and_keeps_the_name(mailing):
    mailing.post(**HELLO, customerName="Amina")
    mailing.post(to="0049 151 23456789", message="And the candles?")
    assert mailing.business.row_counts() == (1, 1, 0)
    assert Conversation.objects.get().customer.name == "Amina"


@pytest.mark.parametrize(("status", "conversations"), [("active", 1), ("completed", 1), ("archived", 2)])
def test_a_message_joins_the_conversation_there_is(mailing, status, conversations):
    mailing.post(**HELLO)
    Conversation.objects.update(status=status)
    mailing.post(**HELLO)
    assert mailing.business.row_counts() == (1, conversations, 0)
    assert Conversation.objects.filter(status="active").count() == 1


def test_a_lead_for_a_completed_conversation_opens_one_of_its_own(mailing):
    mailing.post(**HELLO)
    Conversation.objects.update(status="completed")
    mailing.post(**HELLO, createLead=True, customerName="Amina")
    assert mailing.business.row_counts() == (1, 2, 1)


def test_a_customer_without_number_is_named_by_user_id(mailing):
    first = mailing.post(to=meta.SHEENA_ID, message="Hello", createLead=True, customerName="Sheena").json()
    second = mailing.post(to=meta.SHEENA_ID, message="Hello again").json()
    assert first["conversation_id"] == second["conversation_id"]
    customer = Conversation.objects.get().customer
    assert (customer.phone, customer.whatsapp_user_id, customer.name) == (None, meta.SHEENA_ID, "Sheena")
    assert mailing.business.row_counts() == (1, 1, 1)


class TestTheWindow:
    def inbound(self, owner, hours):
        written = timezone.now() - timedelta(hours=hours)
        text = meta.text("Hello", from_=AMINA[1:], timestamp=int(written.timestamp()))
        Inbox(owner).gets(text)

    @pytest.mark.parametrize(("hours", "window"), [(0, "open"), (23.9, "open"), (24.1, "closed")])
    def test_it_is_open_for_a_day_after_the_customer_wrote(self, mailing, owner, hours, window):
        self.inbound(owner, hours)
        assert mailing.post(**HELLO).json()["window"] == window

    def test_a_call_opens_it_too(self, mailing, owner):
        now = int(timezone.now().timestamp())
        call = meta.call(timestamp=now, **{"from": AMINA[1:]})
        Inbox(owner).gets_change("calls", calls=[call])
        assert mailing.post(**HELLO).json()["window"] == "open"

    def test_it_is_the_customers_whichever_conversation_they_wrote_in(self, mailing, owner):
        self.inbound(owner, 1)
        Conversation.objects.update(status="archived")
        answer = mailing.post(**HELLO).json()
        assert (answer["window"], Conversation.objects.count()) == ("open", 2)

    def test_our_own_messages_do_not_open_it(self, mailing):
        mailing.post(**HELLO)
        assert mailing.post(**HELLO).json()["window"] == "closed"

    def test_where_it_is_enforced_a_closed_one_is_409_and_nothing_is_stored(self, mailing, settings):
        settings.WHATSAPP_ENFORCE_WINDOW = True
        body = refused(mailing.post(**HELLO, createLead=True, customerName="Amina"), 409)
        assert body["code"] == "window_closed"
        assert nothing_stored(mailing.business)

    def test_where_it_is_enforced_an_open_one_is_no_obstacle(self, mailing, owner, settings):
        settings.WHATSAPP_ENFORCE_WINDOW = True
        self.inbound(owner, 1)
        assert mailing.post(**HELLO).status_code == 202

    def test_a_template_is_taken_at_any_time(self, mailing, settings):
        settings.WHATSAPP_ENFORCE_WINDOW = True
        answer = mailing.post(to=AMINA, template=TEMPLATE)
        assert (answer.status_code, answer.json()["window"]) == (202, "closed")


class TestReading:
    def test_a_message_tells_what_became_of_it(self, mailing):
        sent = mailing.post(**HELLO).json()
        path = f"/api/messages/{sent['message_id']}"
        assert mailing.business.client.get(path).json()["status"] == "queued"
        mailing.is_sent()
        body = mailing.business.client.get(path).json()
        assert body == {
            "id": sent["message_id"],
            "conversation_id": sent["conversation_id"],
            "direction": "out",
            "kind": "text",
            "content": HELLO["message"],
            "status": "sent",
            "error": None,
            "provider_id": "wamid.000001",
            "provider_time": None,
            "times": body["times"],
            "created_at": body["created_at"],
            "updated_at": body["updated_at"],
        }
        assert list(body["times"]) == ["sent"]

    def test_a_voice_note_that_was_played_counts_as_read(self, mailing):
        row = mailing.writes()
        Message.objects.filter(pk=row.pk).update(status="played", error="131000: before that")
        body = mailing.business.client.get(f"/api/messages/{row.pk}").json()
        assert (body["status"], body["error"]) == ("read", None)

    def test_a_thread_is_read_newest_first_in_pages(self, mailing, owner, django_assert_num_queries):
        Inbox(owner).gets(meta.text("Hello", from_=AMINA[1:]))
        for text in ("Good morning", "What may it be?"):
            mailing.writes(text)
        url = f"/api/conversations/{Conversation.objects.get().pk}/messages?page_size=2"
        seen = []
        while url:
            with django_assert_num_queries(3):  # the key, the conversation, the page
                page = owner.client.get(url).json()
            seen += [(row["direction"], row["content"]) for row in page["results"]]
            url = page["next"]
        assert seen == [("out", "What may it be?"), ("out", "Good morning"), ("in", "Hello")]

    def test_another_businesss_messages_are_not_there(self, mailing, stranger):
        row = mailing.writes()
        thread = f"/api/conversations/{row.conversation_id}/messages"
        refused(stranger.client.get(f"/api/messages/{row.pk}"), 404)
        refused(stranger.client.get(thread), 404)
        refused(stranger.client.post(thread, {"message": "Hello"}, format="json"), 404)
        assert Message.objects.count() == 1


class TestReplies:
    def test_a_reply_joins_its_conversation_whatever_its_status(self, mailing):
        row = mailing.writes()
        for status in Conversation.Status.values:
            Conversation.objects.update(status=status)
            answer = mailing.post(f"/api/conversations/{row.conversation_id}/messages", message="Thank you")
            assert answer.status_code == 202
            assert set(answer.json()) == ANSWER
            assert answer.json()["lead_id"] is None
            assert Conversation.objects.get().status == status
        mailing.is_sent()
        assert mailing.graph.texts(AMINA) == ["Your cake is ready", *["Thank you"] * 3]

    @pytest.mark.parametrize("parameters", [5, True, 1.5, "text", [5], [{"text": 5}], {"text": "one alone"}])
    def test_a_template_of_a_strange_form_is_metas_to_refuse(self, mailing, parameters):
        template = TEMPLATE | {"components": [{"type": "body", "parameters": parameters}]}
        assert mailing.post(to=AMINA, template=template).status_code == 202

    def test_a_template_can_be_the_reply(self, mailing):
        row = mailing.writes()
        answer = mailing.post(f"/api/conversations/{row.conversation_id}/messages", template=TEMPLATE)
        assert answer.status_code == 202

    @pytest.mark.parametrize("body", [{}, {"message": ""}, {"message": "x" * 4097}, {"message": 5}])
    def test_a_bad_reply_is_400(self, mailing, body):
        row = mailing.writes()
        answer = refused(mailing.post(f"/api/conversations/{row.conversation_id}/messages", **body), 400)
        assert list(answer["fields"]) == ["message"]
        assert Message.objects.count() == 1

    def test_a_conversation_that_is_not_there_is_404(self, mailing):
        refused(mailing.post(f"/api/conversations/{uuid4()}/messages", message="Hello"), 404)
