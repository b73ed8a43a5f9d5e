"""Each report of Meta about an account: a row of the log, the number's page and, if staff are needed, the first page.

Programs are told nothing: no event and no message.
"""

import html
from typing import Any

from conversations.models import Message
from tests.cases import each_case
from tests.staff import address
from tests.whatsapp.account_deliveries import NUMBER, connect, reports
from tests.whatsapp.inbound.meta.test_account_reports import OTHERS, PROBLEMS
from tests.whatsapp.views import Views
from whatsapp.models import AccountEvent

# The first of each field that needs a person, and the first that does not.
CASES = {
    (field, is_problem): (field, value, text, is_problem)
    for cases, is_problem in ((PROBLEMS[::-1], True), (OTHERS[::-1], False))
    for field, value, text in cases
}


@each_case(("field", "value", "text", "is_problem"), CASES.values())
def test_each_kind_of_report_is_seen_where_staff_look_and_nowhere_else(
    owner, field: str, value: dict[str, Any], text: str, is_problem: bool
):
    channel = connect(owner, display=f"+{NUMBER}")
    views = Views(owner)
    reports(field, value)
    (event,) = AccountEvent.objects.all()
    assert event.text.startswith(text)
    # The newest state of a number, or of all of the account's.
    page = html.unescape(views.staff.get(address("change", channel)).content.decode())
    assert event.text in page
    first = html.unescape(views.staff.get("/admin/overview/").content.decode())
    assert (event.text in first, event.is_problem) == (is_problem, is_problem)
    assert (views.told(), Message.objects.count()) == ([], 0)
