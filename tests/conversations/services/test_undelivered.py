"""Messages that did not reach their customers: whose they are, and who has opted out."""

from datetime import UTC, datetime
from uuid import uuid4

from conversations.models import Customer, Message, Undelivered
from conversations.services.undelivered import lock_recipients
from tests.conversations.chat import Chat

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


class TestRecipients:
    def refusal(self, row: Message, **changes):
        return Undelivered(row.user_id, row.provider_id, row.pk, NOON, opts_out=True)._replace(**changes)

    def test_the_customer_is_that_of_the_message_by_our_id_or_by_the_providers(self, owner):
        first, second, third = (Chat(owner) for _ in range(3))
        ours = first.answers("Hello", provider_id=None)
        theirs = second.answers("Hello", provider_id="wamid.second")
        third.answers("Hello", provider_id="wamid.third")
        lock_recipients(messages=[self.refusal(ours), self.refusal(theirs, message_id=uuid4()), self.refusal(theirs)])
        opted_out = Customer.objects.exclude(marketing_opted_out_at=None)
        assert set(opted_out.values_list("pk", "marketing_opted_out_at")) == {
            (first.conversation.customer_id, NOON),
            (second.conversation.customer_id, NOON),
        }

    def test_an_id_in_another_form_finds_the_message_that_we_sent_by_its_token(self, owner):
        asked, sent, exact = (Chat(owner) for _ in range(3))
        asked.says("Hello", provider_token="T1")
        row = sent.answers("Hello", provider_id="wamid.phone", provider_token="T1")
        other = exact.answers("Hello", provider_id="wamid.exact", provider_token="T2")
        unknown = self.refusal(row, message_id=None, provider_id="wamid.user", provider_token="T1")
        lock_recipients(messages=[unknown])
        opted_out = Customer.objects.exclude(marketing_opted_out_at=None).values_list("pk", flat=True)
        assert list(opted_out) == [sent.conversation.customer_id]
        lock_recipients(messages=[self.refusal(other, message_id=None, provider_token="T1")])
        assert set(opted_out.all()) == {sent.conversation.customer_id, exact.conversation.customer_id}

    def test_messages_of_others_and_unknown_ones_are_ignored(self, owner, stranger):
        row = Chat(owner).answers("Hello")
        unknown = {"message_id": uuid4(), "provider_id": "wamid.unknown"}
        lock_recipients(messages=[self.refusal(row, user_id=stranger.id), self.refusal(row, **unknown)])
        lock_recipients(messages=[])
        assert Customer.objects.get().marketing_opted_out_at is None

    def test_other_failures_are_no_opt_out(self, owner):
        row = Chat(owner).answers("Hello")
        lock_recipients(messages=[self.refusal(row, opts_out=False)])
        assert Customer.objects.get().marketing_opted_out_at is None

    def test_the_recipient_counts_where_the_message_is_not_stored(self, owner, stranger):
        by_phone, by_id = Chat(owner).conversation.customer, Chat(owner).conversation.customer
        Customer.objects.filter(pk=by_id.pk).update(phone=None, whatsapp_user_id="DE.1")
        row = Chat(owner).answers("Hello")
        unknown = {"message_id": None, "provider_id": "wamid.unknown"}
        refusals = [
            self.refusal(row, **unknown, phone_key=by_phone.phone_key),
            self.refusal(row, **unknown, whatsapp_user_id="DE.1"),
            self.refusal(row, **unknown, user_id=stranger.id, phone_key=row.conversation.customer.phone_key),
        ]
        lock_recipients(messages=refusals)
        opted_out = Customer.objects.exclude(marketing_opted_out_at=None).values_list("pk", flat=True)
        assert set(opted_out) == {by_phone.pk, by_id.pk}
