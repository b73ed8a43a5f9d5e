"""POST /api/whatsapp, replies, and reading messages."""

import base64
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.media import files
from conversations.models import Conversation, Message, StoredMedia
from leads.models import Lead
from tests.cases import each_case
from tests.envelope import BAD_BODIES, refused
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA, HELLO, TEMPLATE, nothing_stored
from tests.whatsapp.provider_files import PDF

ANSWER = {"success", "message_id", "conversation_id", "lead_id", "status", "window"}


def test_without_a_lead_it_stores_a_message_with_its_conversation(mailing):
    answer = mailing.post(**HELLO)

    assert answer.status_code == 202
    body = answer.json()
    assert set(body) == ANSWER
    assert (body["success"], body["lead_id"], body["status"], body["window"]) == (True, None, "queued", "closed")
    row = Message.objects.get(pk=body["message_id"])
    assert (str(row.conversation_id), row.status, row.content) == (body["conversation_id"], "queued", HELLO["message"])
    assert mailing.business.row_counts() == (1, 1, 0)


def test_with_a_lead_all_three_rows_are_created(mailing):
    more = {"createLead": True, "customerName": "Amina", "leadType": "order", "details": "A lemon cake"}
    body = mailing.post(**HELLO, **more).json()

    lead = Lead.objects.get(pk=body["lead_id"])
    assert (lead.type, lead.details, lead.source, lead.status) == ("order", "A lemon cake", "api", "new")
    assert str(lead.conversation_id) == body["conversation_id"]
    assert lead.conversation.customer.name == "Amina"
    assert mailing.business.row_counts() == (1, 1, 1)


def test_a_lead_without_a_name_is_refused_and_nothing_is_stored(mailing):
    for name in (
        {},
        {"customerName": ""},
        {"customerName": "  "},
        {"customerName": "\u3164\u200b"},
        {"customerName": None},
    ):
        body = refused(mailing.post(**HELLO, createLead=True, **name), 400)
        assert list(body["fields"]) == ["customerName"]
    assert nothing_stored(mailing.business)


@each_case("case", BAD_BODIES)
def test_a_body_that_cannot_be_parsed_is_400(case, mailing):
    answer = mailing.business.client.post("/api/whatsapp", BAD_BODIES[case], content_type="application/json")
    refused(answer, 400)
    assert nothing_stored(mailing.business)


def test_without_a_key_it_is_401(anonymous, db):
    refused(anonymous.post("/api/whatsapp", HELLO, format="json"), 401)


@pytest.mark.parametrize("path", ["/api/whatsapp", "/api/whatsapp/"])
def test_a_trailing_slash_is_accepted(mailing, path):
    assert mailing.post(path, **HELLO).status_code == 202


class TestReading:
    def test_a_message_has_its_status(self, mailing):
        sent = mailing.post(**HELLO).json()
        path = f"/api/messages/{sent['message_id']}"
        assert mailing.business.client.get(path).json()["status"] == "queued"
        mailing.send_due()
        body = mailing.business.client.get(path).json()
        assert body == {
            "id": sent["message_id"],
            "conversation_id": sent["conversation_id"],
            "author_id": None,
            "direction": "out",
            "kind": "text",
            "channel": body["channel"],
            "content": HELLO["message"],
            "text": HELLO["message"],
            "status": "sent",
            "error": None,
            "provider_id": "wamid.000001",
            "provider_time": None,
            "times": body["times"],
            "media": [],
            "context": None,
            "reaction": None,
            "referral": None,
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

    def test_messages_of_another_business_are_404(self, mailing, stranger):
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
        mailing.send_due()
        assert mailing.graph.texts(AMINA) == ["Your cake is ready", *["Thank you"] * 3]

    @pytest.mark.parametrize("parameters", [5, True, 1.5, "text", [5], [{"text": 5}], {"text": "not a list"}])
    def test_unknown_template_parameters_are_left_to_meta(self, mailing, parameters):
        template = TEMPLATE | {"components": [{"type": "body", "parameters": parameters}]}
        assert mailing.post(to=AMINA, template=template).status_code == 202

    def test_a_reply_can_be_a_template(self, mailing):
        row = mailing.writes()
        answer = mailing.post(f"/api/conversations/{row.conversation_id}/messages", template=TEMPLATE)
        assert answer.status_code == 202

    @pytest.mark.parametrize("body", [{}, {"message": ""}, {"message": "x" * 4097}, {"message": 5}])
    def test_an_invalid_reply_is_400(self, mailing, body):
        row = mailing.writes()
        answer = refused(mailing.post(f"/api/conversations/{row.conversation_id}/messages", **body), 400)
        assert list(answer["fields"]) == ["message"]
        assert Message.objects.count() == 1

    def test_an_unknown_conversation_is_404(self, mailing):
        refused(mailing.post(f"/api/conversations/{uuid4()}/messages", message="Hello"), 404)


@pytest.mark.parametrize("content", [{"message": "Hello"}, {"template": TEMPLATE}])
def test_a_request_without_file_reads_its_key_with_the_statement_that_claims_it(mailing, content):
    client, body = mailing.business.client, {"to": AMINA, **content}
    with CaptureQueriesContext(connection) as queries:
        first = client.post("/api/whatsapp", body, format="json", HTTP_IDEMPOTENCY_KEY="order-17")
    path = f"/api/conversations/{first.json()['conversation_id']}/messages"
    with CaptureQueriesContext(connection) as of_reply:
        assert client.post(path, content, format="json", HTTP_IDEMPOTENCY_KEY="order-18").status_code == 202
    about_keys = [query["sql"] for query in (*queries, *of_reply) if "idempotency_keys" in query["sql"]]
    assert [statement for statement in about_keys if statement.startswith("SELECT")] == []
    again = client.post("/api/whatsapp", body, format="json", HTTP_IDEMPOTENCY_KEY="order-17")
    assert (again.status_code, again.content) == (202, first.content)


class TestFilesWithAKey:
    """A request with a file and an Idempotency-Key."""

    @pytest.fixture(params=["/api/whatsapp", "reply"])
    def request_of(self, request, mailing):
        """Sends the same request each time."""
        given: dict[str, Any] = {"media": {"content": base64.b64encode(PDF).decode(), "filename": "a.pdf"}}
        if request.param == "reply":
            mailing.writes("Hello")
            path = f"/api/conversations/{Conversation.objects.get().pk}/messages"
        else:
            path, given = request.param, {"to": AMINA, **given}
        client = mailing.business.client
        return lambda: client.post(path, given, format="json", HTTP_IDEMPOTENCY_KEY="order-17")

    @pytest.fixture
    def storing(self, monkeypatch):
        """What is called when a file is being stored, and the names of those that were."""
        store = files.store
        calls: list[Callable[[], Any]] = []
        names: list[str] = []

        def noting(*given: Any, **more: Any) -> str:
            for call in [calls.pop()] if calls else []:
                call()
            names.append(store(*given, **more))
            return names[-1]

        monkeypatch.setattr(files, "store", noting)
        return calls, names

    @pytest.mark.django_db(transaction=True)
    def test_the_file_is_stored_before_the_transaction(self, request_of, storing):
        """PostgreSQL ends a transaction that waits for a storage or a decoder for ten seconds."""
        calls, names = storing
        within: list[bool] = []
        calls.append(lambda: within.append(connection.in_atomic_block))
        assert request_of().status_code == 202
        assert (within, len(names)) == ([False], 1)

    def test_a_repeated_request_stores_no_file(self, request_of, storing):
        _, names = storing
        first, second = request_of(), request_of()
        assert (first.status_code, first.content) == (202, second.content)
        assert len(names) == StoredMedia.objects.count() == 1

    def test_of_two_at_the_same_moment_the_second_file_is_deleted(self, request_of, storing):
        calls, names = storing
        others: list[Any] = []
        calls.append(lambda: others.append(request_of()))
        answer = request_of()
        assert (answer.status_code, answer.headers["Idempotency-Replayed"]) == (202, "true")
        assert answer.content == others[0].content
        assert [files.media_storage().exists(name) for name in names] == [True, False]
        assert StoredMedia.objects.get().name == names[0]
