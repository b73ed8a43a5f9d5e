"""Gaps in the audit are found, and what the site writes has none."""

from typing import Any

import pytest
from django.db import connection

from leadsite.accounts.models import User
from leadsite.audit.models import AuditEntry
from leadsite.core.statements import fetch_rows
from leadsite.monitoring.integrity import check_integrity
from tests.factories import Business

pytestmark = pytest.mark.django_db


def without_triggers(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, parameters)
        cursor.execute("SET LOCAL session_replication_role = origin")


def found(*, whole: bool = True) -> set[str]:
    return {finding.check for finding in check_integrity(whole_audit=whole) if "audit" in finding.check}


def test_what_is_written_with_triggers_has_no_gap(owner: Business):
    made = owner.has_lead()
    owner.client.patch(f"/api/leads/{made.lead_id}", {"status": "contacted", "customer_name": "Ada"}, format="json")
    User.objects.filter(pk=owner.id).update(password="another", business_name="Other")
    assert found() == found(whole=False) == set()


def test_a_row_that_came_without_triggers_is_found(owner: Business):
    owner.has_lead()
    fetch_rows("DELETE FROM audit_entries WHERE table_name = 'leads'")
    assert found() == found(whole=False) == {"leads_without_audit"}


def test_a_row_that_was_changed_without_triggers_is_found(owner: Business):
    made = owner.has_lead()
    without_triggers("UPDATE leads SET status = 'converted' WHERE id = %s", made.lead_id)
    assert found() == found(whole=False) == {"leads_differ_from_audit"}
    without_triggers("UPDATE leads SET updated_at = now() - interval '2 days' WHERE id = %s", made.lead_id)
    without_triggers("UPDATE customers SET name = 'Eve'")
    assert found() == {"leads_differ_from_audit", "customers_differ_from_audit"}


def test_an_entry_that_was_changed_is_found_and_an_erased_one_is_not(owner: Business):
    made = owner.has_lead()
    fetch_rows("SELECT erase_audit(%s::uuid[])", [[made.lead_id]])
    assert found() == set()
    AuditEntry.objects.filter(row_id=made.conversation_id).update(after={"status": "archived"})
    assert found() == {"conversations_differ_from_audit"}


def test_rows_from_before_the_kept_audit_need_no_entry(owner: Business, settings: Any):
    made = owner.has_lead()
    without_triggers("UPDATE leads SET created_at = now() - interval '60 days' WHERE id = %s", made.lead_id)
    fetch_rows("DELETE FROM audit_entries WHERE table_name = 'leads'")
    settings.AUDIT_DAYS = 30
    assert found() == set()
    settings.AUDIT_DAYS = 90
    assert found() == {"leads_without_audit"}
