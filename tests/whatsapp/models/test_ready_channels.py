"""Numbers that may send now: in which order, and which not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.whatsapp.conftest import graph, mailing
from tests.whatsapp.mailing import Mailing
from whatsapp.models import Channel

__all__ = ["graph", "mailing"]

AHEAD = timedelta(seconds=0.1)

pytestmark = pytest.mark.django_db


def ready(**options):
    return [channel.phone_number_id for channel in Channel.objects.lock_ready(ahead=AHEAD, limit=10, **options)]


def test_businesses_alternate_and_the_number_that_sent_longest_ago_is_first(mailing, stranger):
    own = [mailing, *(Mailing(mailing.business, mailing.graph, number=f"3000{number}") for number in (1, 2))]
    other = Mailing(stranger, mailing.graph, number="40001")
    for number, one in enumerate([*own, other]):
        row = one.writes(to=f"+4915100000{number:03}")
        row.channel_id = one.channel.pk
        row.save()
        Channel.objects.filter(pk=one.channel.pk).update(paced_until=timezone.now() - timedelta(minutes=number))
    assert ready() == ["40001", "30002", "30001", mailing.channel.phone_number_id]
    assert ready(full=[mailing.business.id]) == ["40001"]
    assert ready(seen=[other.channel.pk])[0] == "30002"


def test_stopped_and_paced_numbers_wait(mailing):
    mailing.writes()
    number = Channel.objects.filter(pk=mailing.channel.pk)
    assert ready() == [mailing.channel.phone_number_id]
    for unready in ({"active": False}, {"stopped_at": timezone.now()}, {"paced_until": timezone.now() + AHEAD * 20}):
        number.update(**{"active": True, "stopped_at": None, "paced_until": None, **unready})
        assert ready() == []
