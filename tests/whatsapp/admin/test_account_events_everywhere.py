"""Each report of Meta about an account: a row of the log, the number's page and, if staff are needed, the first page.

Programs are told nothing: no event and no message.
"""

import html
from typing import Any

from conversations.models import Message
from leadsite.core import clock
from tests.cases import each_case
from tests.factories import Business
from tests.staff import address
from tests.whatsapp.account_deliveries import NUMBER, connect, reports
from tests.whatsapp.inbound.meta.test_account_reports import OTHERS, PROBLEMS
from tests.whatsapp.views import Views
from whatsapp.models import AccountEvent


def first_of_each_field(cases: list[Any]) -> list[Any]:
    return list({field: (field, value, text) for field, value, text in cases[::-1]}.values())


def assert_logged(owner: Business, field: str, value: dict[str, Any], text: str) -> tuple[Views, str]:
    """It is in the log and on the number's page, and programs are told nothing."""
    channel = connect(owner, display=f"+{NUMBER}")
    views = Views(owner)
    reports(field, value)
    (event,) = AccountEvent.objects.all()
    assert event.text.startswith(text)
    assert event.text in html.unescape(views.staff.get(address("change", channel)).content.decode())
    assert (views.told(), Message.objects.count()) == ([], 0)
    return views, event.text


@each_case(("field", "value", "text"), first_of_each_field(PROBLEMS))
def test_what_needs_staff_is_on_the_numbers_page_and_on_the_first(owner, field, value, text):
    views, shown = assert_logged(owner, field, value, text)
    assert shown in html.unescape(views.staff.get("/admin/overview/").content.decode())


@each_case(("field", "value", "text"), first_of_each_field(OTHERS))
def test_the_rest_is_on_the_numbers_page_and_no_alert(owner, field, value, text):
    assert_logged(owner, field, value, text)
    assert not AccountEvent.objects.open_problems(clock.now()).exists()
