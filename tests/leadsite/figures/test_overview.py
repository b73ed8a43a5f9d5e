"""The Overview shows the stored figures; each opens the list that it counts."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation
from leads.models import Lead
from leadsite.figures.counting import count_days
from leadsite.figures.overview import duration
from tests.cases import each_case
from tests.staff import member_of, staff_of

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
    for tile in figures["tiles"]:
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


def test_waiting_customers_are_counted_now(counted, owner):
    staff = staff_of(owner)
    Conversation.objects.update(waiting_since="2026-11-20T12:00:00Z")
    assert staff.get(PAGE).context["figures"]["tiles"][0]["value"] == "3"


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
