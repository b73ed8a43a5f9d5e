"""Ten thousand random operations through all entry points: the state rebuilt from the audit equals the tables."""

import pytest

from leadsite.monitoring.integrity import check_integrity
from tests.factories import Business
from tests.leadsite.audit.rebuilding import Work, rebuilt, stored


@pytest.mark.django_db
def test_the_tables_are_what_the_audit_says(owner: Business) -> None:
    Work(owner, operations=10_000)
    assert rebuilt() == stored()
    assert [finding for finding in check_integrity() if "audit" in finding.check] == []
