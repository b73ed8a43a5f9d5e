"""The Overview shows the stored figures; each opens the list that it counts."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from conversations.models import Conversation, Message
from leads.models import Lead
from leadsite.accounts.business.places import zone_of
from leadsite.core import clock
from leadsite.figures.counting import count_days
from leadsite.figures.models import DailyFigure
from leadsite.figures.overview import duration
from tests.cases import each_case
from tests.staff import member_of, staff_of
from whatsapp.channels import connect_channel
from whatsapp.models import AccountEvent, Channel

pytestmark = pytest.mark.django_db
PAGE = "/admin/overview/"


@pytest.fixture
def counted(owner):
    for source in ("api", "whatsapp", "api"):
        owner.has_lead(source=source)
    Lead.objects.filter(source="whatsapp").update(status="converted", type="booking")
    count_days(days=2)


def test_the_figures_open_the_lists_that_they_count(counted, owner, stranger):
    staff = staff_of(owner)
    figures = staff.get(PAGE).context["figures"]
    assert figures["chart"]["total"] == 3
    assert figures["chart"]["bars"][-1]["count"] == 3
    wanted = {
        figures["chart"]["bars"][-1]["url"]: 3,
        figures["chart"]["bars"][-2]["url"]: 0,
        **{one["url"]: one["count"] for one in figures["chart"]["legend"]},
        **{row["url"]: row["count"] for row in figures["types"]},
        **{row["converted_url"]: row["converted"] for row in figures["types"]},
    }
    for url, count in wanted.items():
        assert staff.client.get(url).context["cl"].result_count == count, url
    for tile in (one for one in figures["now"] + figures["tiles"] if one["url"]):
        assert staff.client.get(tile["url"]).status_code == 200, tile
    assert staff_of(stranger).get(PAGE).context["figures"]["chart"]["total"] == 0


def test_the_page_has_a_chart_with_words_and_a_table_and_no_inline_style(counted, owner):
    page = staff_of(owner).get(PAGE).content.decode()
    svg = page[page.index('<svg class="figures-chart"') :]
    svg = svg[: svg.index("</svg>")]
    assert 'role="group"' in svg
    assert re.search(r"\d+ \w+: 3 new leads \(REST API 2, WhatsApp 1\)", unescape(svg))
    assert svg.count("<a ") == 30
    section = page[page.index('<section class="figures"') :]
    assert " style=" not in section[: section.index("</section>")]
    assert "As a table" in page


@each_case("role", ["agent", "viewer"])
def test_everybody_of_the_business_sees_them(role, counted, owner):
    assert member_of(owner, role).get(PAGE).context["figures"]["chart"]["total"] == 3


def opened(staff, label):
    """The number on a tile, and the page that it opens."""
    figures = staff.get(PAGE).context["figures"]
    (tile,) = [one for one in figures["now"] + figures["tiles"] if label in one["label"]]
    return tile["value"], staff.client.get(tile["url"])


def test_the_page_says_of_when_its_numbers_are_before_them(counted, owner):
    at = DailyFigure.objects.order_by("-counted_at").values_list("counted_at", flat=True)[0]
    page = staff_of(owner).get(PAGE).content.decode()
    said = page.index(f"As of {at.astimezone(zone_of(owner.user.time_zone)):%-d %b, %H:%M}")
    assert page.index("The last 30 days") < said < page.index("New leads, 7 days")
    assert page.index("Waiting now") < page.index("The last 30 days")


def test_a_median_opens_no_list_because_none_has_its_conversations_alone(counted, owner):
    page = staff_of(owner).get(PAGE).content.decode()
    tile = page[: page.index("First answer, median of 7 days")].rpartition("figures-tile")[0]
    assert tile.endswith('<div class="')


def test_waiting_customers_are_those_of_the_inbox_now(counted, owner):
    staff = staff_of(owner)
    snoozed, waits, followed = Conversation.objects.order_by("pk")
    for one in (snoozed, waits):
        Conversation.objects.filter(pk=one.pk).update(waiting_since="2026-11-20T12:00:00Z")
    Conversation.objects.filter(pk=snoozed.pk).update(snoozed_until=clock.now() + timedelta(days=1))
    Lead.objects.filter(conversation=followed).update(follow_up_at=clock.now() - timedelta(hours=1), status="contacted")
    value, page = opened(staff, "Waiting")
    assert {shown["row"].id for shown in page.context["rows"]} == {waits.pk, followed.pk}
    assert value == "2"


def test_failed_messages_open_those_that_are_counted(counted, owner):
    own = [conversation.pk for conversation in Conversation.objects.order_by("pk")]
    for conversation_id, status in zip(own * 2, ["failed"] * 4 + ["unknown", "sent"], strict=True):
        values = {"direction": "out", "status": status, "sort_at": clock.now(), "content": "x"}
        Message.objects.create(user=owner.user, conversation_id=conversation_id, **values)
    Conversation.objects.filter(pk=own[1]).update(deleted_at=clock.now())
    last_month = clock.last_id(clock.now() - timedelta(days=10))
    Message.objects.create(id=last_month, user=owner.user, conversation_id=own[0], **values | {"status": "failed"})
    count_days(days=7)
    value, page = opened(staff_of(owner), "Failed")
    assert (value, page.context["cl"].result_count) == ("3", 3)


def test_stopped_numbers_and_problems_open_these_alone(owner):
    for number, changes in (("1", {"stopped_at": clock.now()}), ("2", {"active": False}), ("3", {})):
        channel = connect_channel(user_id=owner.id, phone_number_id=number)
        Channel.objects.filter(pk=channel.pk).update(**changes)
    for digest, is_problem in (("1", True), ("2", False)):
        about = {"waba_id": "1", "field": "x", "aspect": digest, "subject": "", "digest": digest, "value": {}}
        AccountEvent.objects.create(user=owner.user, is_problem=is_problem, at=clock.now(), **about)
    for label in ("Stopped", "Problems"):
        value, page = opened(staff_of(owner), label)
        assert (value, page.context["cl"].result_count) == ("1", 1), label


def test_the_number_of_statements_does_not_depend_on_the_number_of_leads(counted, owner):
    staff = staff_of(owner)
    numbers = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            staff.get(PAGE)
        numbers.append(len(queries))
        owner.has_lead(source="import")
        count_days(days=1)
    assert numbers[0] == numbers[1]


@each_case(
    "seconds, words", [(None, "–"), (0.4, "0 s"), (89, "89 s"), (90, "2 min"), (7200, "2 h"), (200_000, "2 days")]
)
def test_durations_are_short_words(seconds, words):
    assert duration(seconds) == words


@each_case("seconds, words", [(89, "89 Sek."), (90, "2 Min."), (7200, "2 Std."), (200_000, "2 Tage")])
def test_units_of_durations_are_those_of_the_language(seconds, words):
    with translation.override("de"):
        assert duration(seconds) == words
