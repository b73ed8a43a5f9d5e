"""A partition for each month: made ahead, dropped when it is old, and nothing is refused where there is none."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DataError, transaction

from leadsite.accounts.models import User
from leadsite.audit.models import AuditEntry
from leadsite.audit.partitions import make_partitions, prune_audit
from leadsite.audit.tasks import keep_audit_partitions
from leadsite.core.statements import fetch_rows
from tests.factories import Business

pytestmark = pytest.mark.django_db


def names() -> list[str]:
    rows = fetch_rows("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_entries'::regclass")
    return sorted(name for (name,) in rows)


def stored_in() -> set[str]:
    return {name for (name,) in fetch_rows("SELECT DISTINCT tableoid::regclass::text FROM audit_entries")}


def month(name: str, start: str, end: str) -> str:
    fetch_rows(f"CREATE TABLE {name} PARTITION OF audit_entries FOR VALUES FROM ('{start}') TO ('{end}')")
    return name


def test_migrating_makes_those_of_this_month_and_of_the_next_three(owner: Business):
    assert len(names()) >= 5
    assert make_partitions() == 0
    assert stored_in() == {f"audit_entries_{datetime.now(UTC):%Y_%m}"}


def test_what_came_while_there_was_none_is_moved_into_it(owner: Business):
    this_month = f"audit_entries_{datetime.now(UTC):%Y_%m}"
    fetch_rows(f"ALTER TABLE audit_entries DETACH PARTITION {this_month}")
    fetch_rows(f"DROP TABLE {this_month}")
    User.objects.filter(pk=owner.id).update(business_name="Other")
    assert stored_in() == {"audit_entries_default"}
    assert make_partitions() == 1
    assert stored_in() == {this_month}
    assert AuditEntry.objects.get(row_id=owner.id).after == {"business_name": "Other"}


def test_old_months_are_dropped_and_others_stay(settings: Any):
    old = month("audit_entries_2020_01", "2020-01-01", "2020-02-01")
    fetch_rows(
        "INSERT INTO audit_entries (at, row_id, table_name, action, actor_kind, actor_id, actor_name, request_id)"
        " SELECT at, gen_random_uuid(), 'leads', 'insert', 'sql', '', '', ''"
        " FROM unnest(ARRAY['2020-01-05', '2019-05-05', now()]::timestamptz[]) AS at"
    )
    before = names()
    assert prune_audit() == 0, "0 keeps everything"
    settings.AUDIT_DAYS = 7
    keep_audit_partitions(timestamp=0)
    assert names() == [name for name in before if name != old]
    assert AuditEntry.objects.filter(at__lt="2021-01-01T00:00Z").count() == 0
    assert AuditEntry.objects.filter(table_name="leads").count() == 1


def test_the_application_cannot_remove_what_it_has_just_done():
    for days in (29, 0, -1, None):
        with pytest.raises(DataError, match="30 days at least"), transaction.atomic():
            fetch_rows("SELECT prune_audit(%s::integer)", [days])


def test_what_was_in_erased_rows_is_removed_and_that_something_was_done_stays(owner: Business):
    made = owner.has_lead(details="Wants a cake")
    ids = [made.lead_id, made.conversation_id]
    assert fetch_rows("SELECT erase_audit(%s::uuid[])", [ids]) == [(2,)]
    erased = AuditEntry.objects.filter(row_id__in=ids)
    assert {(one.action, one.before, one.after) for one in erased} == {("insert", None, None)}
