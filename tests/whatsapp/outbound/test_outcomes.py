"""A number that its provider refuses: the channel stops, and messages wait until the cause is fixed."""

from time import time

import pytest

from conversations.models import Message
from tests.whatsapp import meta
from tests.whatsapp.graph import Reaction, error
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA, NEW_TOKEN, Mailing
from whatsapp import channels
from whatsapp.outbound import providers, queue
from whatsapp.outbound.outcomes import Stopped

STOPPING = {
    "token": error(190, status=401, title="Error validating access token"),
    "a dead number": error(100, title="Unsupported post request", error_subcode=33),
    "a deleted number": error(33),
    "permission": error(10, status=403),
    "another permission": error(200, status=403),
    "payment": error(131042),
    "block": error(368, status=403),
    "locked": error(131031, status=403),
    "not registered": error(133010),
    "a 401 with an empty body": Reaction(status=401, body=b""),
}


@pytest.mark.parametrize("case", STOPPING)
def test_the_number_stops_and_its_queue_waits(mailing, case):
    mailing.graph.queue_reactions(STOPPING[case])
    row = mailing.writes()
    mailing.send_due()
    row.refresh_from_db()
    channel = mailing.reload()
    assert channel.stopped_at
    assert channel.stop_reason
    assert (row.status, row.error) == ("queued", channel.stop_reason)
    mailing.writes()
    assert (mailing.send_all(), mailing.graph.requests) == (0, 1)


def test_a_reply_goes_through_a_number_that_lives_while_the_queue_of_the_dead_one_waits(mailing, owner):
    living = Mailing(owner, mailing.graph, number="222", token=NEW_TOKEN)
    Inbox(owner).gets(meta.text("Hello", from_=AMINA[1:], timestamp=int(time())))
    mailing.graph.queue_reactions(STOPPING["a dead number"])
    mailing.writes("waits")
    mailing.send_due()
    answer = mailing.post(to=AMINA, message="by the other number").json()
    assert answer["window"] == "closed"  # the customer has written to the dead number only
    mailing.send_all()
    assert mailing.states() == [("waits", "queued"), ("by the other number", "sent")]
    assert Message.objects.get(content="by the other number").channel_id == living.channel.pk
    assert "check both" in mailing.reload().stop_reason


def test_other_numbers_continue(revoked, stranger):
    other = Mailing(stranger, revoked.graph, number="222", token=NEW_TOKEN)
    other.writes("of the other business")
    revoked.send_due()
    assert revoked.graph.texts() == ["of the other business"]


def test_a_message_to_a_forbidden_country_fails_and_others_can_be_sent(mailing):
    mailing.graph.queue_reactions(error(130497, status=403))
    mailing.writes("to a closed country")
    mailing.writes("to another", to="+4915100000002")
    channels.pause_channel(channel_id=mailing.channel.pk, seconds=0)
    (message,) = queue.claim(1)
    queue.record([(message, Stopped("130497: No.", fails=True))])
    assert mailing.reload().stopped_at
    channels.resume_channel(channel_id=mailing.channel.pk)
    mailing.graph.reaction()  # the reaction for the first message
    mailing.send_all()
    assert mailing.states() == [("to a closed country", "failed"), ("to another", "sent")]


def test_a_message_that_meets_the_spam_limit_fails_so_that_it_does_not_stop_the_number_again(mailing):
    mailing.graph.queue_reactions(error(131048))
    mailing.writes("an offer")
    mailing.writes("your order", to="+4915100000002")
    (offer,) = queue.claim(1)
    queue.record([(offer, providers.send(offer))])
    assert "spam reports" in mailing.reload().stop_reason
    assert mailing.send_all() == 0
    channels.resume_channel(channel_id=mailing.channel.pk)
    mailing.send_all()
    assert mailing.states() == [("an offer", "failed"), ("your order", "sent")]


@pytest.mark.parametrize(("ago", "stops"), [(0, True), (3600, False)])
def test_a_payment_problem_reported_by_a_status_stops_the_number(mailing, owner, ago, stops):
    """An old status does not: Meta repeats deliveries for days, and the problem may have been solved since."""
    mailing.writes()
    mailing.send_due()
    failed = meta.status("failed", id="wamid.000001", timestamp=int(time()) - ago)
    Inbox(owner).gets_statuses(failed | {"errors": [meta.error(131042, "Business eligibility payment issue")]})
    assert Message.objects.get().status == "failed"
    assert bool(mailing.reload().stopped_at) == stops


def test_an_error_of_one_message_does_not_stop_the_number(mailing, owner):
    mailing.writes()
    mailing.send_due()
    Inbox(owner).gets_statuses(meta.status("failed", id="wamid.000001", errors=[meta.error(131026)]))
    assert mailing.reload().stopped_at is None
