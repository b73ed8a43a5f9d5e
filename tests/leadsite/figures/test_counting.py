"""What is counted of a day, by the time zone of the business; late changes are in it when it is counted again."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from conversations.models import Conversation, Message
from leads.models import Lead
from leads.services.delete import delete_lead
from leadsite.accounts.models import User
from leadsite.core import clock
from leadsite.figures.counting import count_day, count_days, figures_of, median
from leadsite.figures.models import DailyFigure, Key
from tests.cases import each_case

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 20)
TOKYO = ZoneInfo("Asia/Tokyo")


def at(hour, *, minute=0):
    return datetime(2026, 11, 20, tzinfo=TOKYO) + timedelta(hours=hour, minutes=minute)


def lead(owner, hour, **fields):
    made = owner.has_lead(source=fields.pop("source", "api"))
    Lead.objects.filter(pk=made.lead_id).update(created_at=at(hour), **fields)
    Conversation.objects.filter(pk=made.conversation_id).update(created_at=at(hour))
    return made


def write(owner, conversation_id, direction, when, **fields):
    status = {"in": "received", "out": "sent"}[direction]
    values = {"direction": direction, "status": status, "sort_at": when} | fields
    return Message.objects.create(user=owner.user, conversation_id=conversation_id, content="x", **values)


def counted(owner):
    return {tuple(key): value for key, value in figures_of(user_id=owner.id, day=DAY, zone=TOKYO).items()}


def test_leads_are_counted_by_source_and_type_between_two_midnights_of_the_business(owner, stranger):
    for hour in (0, 23):
        lead(owner, hour)
    for hour in (-1, 24):
        lead(owner, hour)
    lead(owner, 12, source="whatsapp", type="booking", status="converted")
    lead(stranger, 12)
    assert counted(owner) == {
        ("leads", "api"): 2,
        ("leads", "whatsapp"): 1,
        ("typed", "order"): 2,
        ("typed", "booking"): 1,
        ("converted", "booking"): 1,
    }


def test_deleted_leads_and_late_conversions_change_the_day_when_it_is_counted_again(owner):
    first, second = lead(owner, 1), lead(owner, 2)
    count_day(user_id=owner.id, day=DAY, zone=TOKYO)
    Lead.objects.filter(pk=first.lead_id).update(status="converted")
    delete_lead(user_id=owner.id, lead_id=second.lead_id, person_id=None)
    count_day(user_id=owner.id, day=DAY, zone=TOKYO)
    stored = DailyFigure.objects.filter(day=DAY).values_list("name", "key", "value")
    assert set(stored) == {("leads", "api", 1), ("typed", "order", 1), ("converted", "order", 1)}
    Lead.objects.all().delete()
    count_day(user_id=owner.id, day=DAY, zone=TOKYO)
    assert not DailyFigure.objects.exists()


def test_the_first_answer_that_did_not_fail_ends_the_wait_for_it(owner):
    conversation = lead(owner, 1).conversation_id
    write(owner, conversation, "out", at(0))
    write(owner, conversation, "in", at(1))
    write(owner, conversation, "out", at(1, minute=1), status="failed")
    write(owner, conversation, "out", at(1, minute=10))
    write(owner, conversation, "out", at(3))
    write(owner, lead(owner, 2).conversation_id, "in", at(2))
    found = {int(key): value for (name, key), value in counted(owner).items() if name == "response"}
    assert sum(found.values()) == 1
    assert median(found) == pytest.approx(600, rel=0.1)


def test_messages_that_failed_are_counted_by_the_day_they_were_made(owner):
    conversation = lead(owner, 1).conversation_id
    write(owner, conversation, "out", clock.now(), status="failed")
    write(owner, conversation, "out", clock.now())
    today = clock.now().astimezone(TOKYO).date()
    assert figures_of(user_id=owner.id, day=today, zone=TOKYO)[Key("failed", "")] == 1


def test_all_businesses_are_counted_in_their_own_zones(owner, stranger):
    User.objects.filter(pk=owner.id).update(time_zone="Pacific/Kiritimati")
    User.objects.filter(pk=stranger.id).update(time_zone="Pacific/Pago_Pago")
    for business in (owner, stranger):
        business.has_lead()
    assert count_days(days=2) == 4
    days = dict(DailyFigure.objects.filter(name="leads").values_list("user_id", "day"))
    now = datetime.now(UTC)
    assert days[owner.id] == now.astimezone(ZoneInfo("Pacific/Kiritimati")).date()
    assert days[stranger.id] == now.astimezone(ZoneInfo("Pacific/Pago_Pago")).date()


@each_case("buckets, about", [({}, None), ({0: 1}, 1), ({30: 1, 40: 1, 20: 1}, 1.2**30), ({30: 2, 40: 1}, 1.2**30)])
def test_the_median(buckets, about):
    assert median(buckets) == (None if about is None else pytest.approx(about, rel=0.11))
