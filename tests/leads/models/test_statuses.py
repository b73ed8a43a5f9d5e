"""Which leads are open is said once in Python and once in SQL."""

import re

from django.conf import settings

from leads.models.statuses import CLOSED_STATUSES, IS_CLOSED, IS_OPEN, OPEN_STATUSES, LeadStatus
from tests.test_conventions import APPS

# The open ones, or the closed ones, one after the other.
LISTS = re.compile(r"""['"]new['"],\s*['"]contacted['"],\s*['"]qualified['"]|['"]converted['"],\s*['"]lost['"]""")


def test_each_status_is_open_or_closed():
    assert sorted((*OPEN_STATUSES, *CLOSED_STATUSES)) == sorted(LeadStatus.values)
    assert IS_OPEN == "status IN ('new', 'contacted', 'qualified')"
    assert IS_CLOSED == "status IN ('converted', 'lost')"


def test_they_are_spelled_out_once_in_sql_and_nowhere_else_in_python():
    """lead_error.sql has all five: what it refuses are others."""
    found = {}
    for app in APPS:
        for path in sorted((settings.BASE_DIR / app).rglob("*")):
            if path.suffix in (".py", ".sql") and "migrations" not in path.parts:
                found[path.name] = len(LISTS.findall(path.read_text("utf-8")))
    assert {name: count for name, count in found.items() if count} == {"make_leads.sql": 1, "lead_error.sql": 2}
