"""Choices about marketing are kept on the customer, whatever the order in which they are stored."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import uuid4

import pytest
from django.db import IntegrityError

from conversations.marketing import MarketingChoice
from conversations.models import Customer, MarketingRefusal, Message
from conversations.services.marketing import opt_out_recipients
from tests.conversations.chat import Chat

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def stored():
    return Customer.objects.values_list("marketing_choice_at", "marketing_opted_out_at").get()


@pytest.mark.parametrize("seconds_and_stops", list(permutations([(0, True), (1, False), (2, True), (2, False)])))
def test_the_order_of_storing_does_not_matter(owner, seconds_and_stops):
    owner.has_lead()
    customer_id = Customer.objects.get().pk
    for seconds, stops in seconds_and_stops:
        choice = MarketingChoice(NOON + timedelta(seconds=seconds), stops)
        Customer.objects.write_marketing_choices({customer_id: choice})
    assert stored() == (NOON + timedelta(seconds=2), NOON + timedelta(seconds=2))
    assert Customer.objects.has_opted_out(customer_id)


def test_after_a_resume_the_customer_has_not_opted_out(owner):
    owner.has_lead()
    customer_id = Customer.objects.get().pk
    Customer.objects.write_marketing_choices({customer_id: MarketingChoice(NOON, stops=True)})
    later = NOON + timedelta(days=1)
    Customer.objects.write_marketing_choices({customer_id: MarketingChoice(later, stops=False)})
    assert stored() == (later, None)
    assert not Customer.objects.has_opted_out(customer_id)


@pytest.mark.parametrize("chosen_at", [None, NOON + timedelta(seconds=1)])
def test_an_opt_out_that_is_not_the_last_choice_cannot_be_stored(owner, chosen_at):
    owner.has_lead()
    with pytest.raises(IntegrityError, match="customers_opted_out_by_last_choice"):
        Customer.objects.update(marketing_opted_out_at=NOON, marketing_choice_at=chosen_at)


class TestRecipients:
    def refusal(self, row: Message, **changes):
        return MarketingRefusal(row.user_id, row.provider_id, row.pk, NOON)._replace(**changes)

    def test_the_customer_is_that_of_the_message_by_our_id_or_by_the_providers(self, owner):
        first, second, third = (Chat(owner) for _ in range(3))
        ours = first.answers("Hello", provider_id=None)
        theirs = second.answers("Hello", provider_id="wamid.second")
        third.answers("Hello", provider_id="wamid.third")
        opt_out_recipients(
            refusals=[self.refusal(ours), self.refusal(theirs, message_id=uuid4()), self.refusal(theirs)]
        )
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
        opt_out_recipients(refusals=[unknown])
        opted_out = Customer.objects.exclude(marketing_opted_out_at=None).values_list("pk", flat=True)
        assert list(opted_out) == [sent.conversation.customer_id]
        opt_out_recipients(refusals=[self.refusal(other, message_id=None, provider_token="T1")])
        assert set(opted_out.all()) == {sent.conversation.customer_id, exact.conversation.customer_id}

    def test_messages_of_others_and_unknown_ones_are_ignored(self, owner, stranger):
        row = Chat(owner).answers("Hello")
        unknown = {"message_id": uuid4(), "provider_id": "wamid.unknown"}
        opt_out_recipients(refusals=[self.refusal(row, user_id=stranger.id), self.refusal(row, **unknown)])
        opt_out_recipients(refusals=[])
        assert stored() == (None, None)
