"""Since when a customer waits: the customer wrote last, and nobody has answered."""

from datetime import UTC, datetime
from itertools import permutations

from conversations.models import Conversation
from tests.cases import each_case
from tests.whatsapp import meta


def waiting(inbox):
    (thread,) = inbox.conversations
    return thread.waiting_since and int(thread.waiting_since.timestamp()) - meta.NOON


def write(inbox, at):
    inbox.gets(meta.text(f"At {at}", timestamp=meta.NOON + at))


def answer_by_phone(inbox, at):
    inbox.gets_change("message_echoes", message_echoes=[meta.echo(timestamp=meta.NOON + at)])


def test_a_customer_waits_since_the_first_unanswered_message(inbox):
    write(inbox, 0)
    write(inbox, 10)
    assert waiting(inbox) == 0
    answer_by_phone(inbox, 20)
    assert waiting(inbox) is None
    write(inbox, 30)
    write(inbox, 40)
    assert waiting(inbox) == 30


def test_a_reply_ends_the_waiting(inbox):
    write(inbox, 0)
    path = f"/api/conversations/{inbox.conversations[0].pk}/messages"
    assert inbox.business.client.post(path, {"message": "Yes"}, format="json").status_code == 202
    assert waiting(inbox) is None
    write(inbox, 10)
    assert waiting(inbox) == 10


@each_case("order", list(permutations([("in", 0), ("out", 10), ("in", 20), ("in", 30)])))
def test_the_order_of_arrival_does_not_matter(inbox, order):
    for direction, at in order:
        (write if direction == "in" else answer_by_phone)(inbox, at)
    assert waiting(inbox) == 20


def test_question_and_answer_in_one_delivery(inbox):
    inbox.gets(meta.text("Open?"))
    Conversation.objects.update(status="archived")
    inbox.gets(meta.text("Hello?", timestamp=meta.NOON + 10), meta.text("Anybody?", timestamp=meta.NOON + 11))
    assert inbox.conversations[1].waiting_since == datetime.fromtimestamp(meta.NOON + 10, UTC)


def test_messages_of_groups_and_history_do_not_wait(inbox):
    inbox.gets(meta.text("Hello all", group_id="Y2FwaV9ncm91cDox"))
    assert waiting(inbox) is None


def test_a_returning_customer_of_a_lost_lead_is_at_the_top(inbox):
    inbox.gets(meta.text("One cake"))
    lead = inbox.leads[0]
    client = inbox.business.client
    client.patch(f"/api/leads/{lead.pk}", {"status": "lost", "lost_reason": "Too late"}, format="json")
    for n in range(3):
        inbox.gets(meta.text("Hello", from_=f"4915100000{n}0", timestamp=meta.NOON + 10))
    inbox.gets(meta.text("I am back", timestamp=meta.NOON + 20))
    for query in ({}, {"waiting": "true"}):
        assert client.get("/api/conversations", query).json()["results"][0]["customer_phone"] == f"+{meta.SHEENA}"
