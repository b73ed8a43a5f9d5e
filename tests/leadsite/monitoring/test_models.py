"""Rows of monitoring."""

import pytest
from django.db import IntegrityError

from leadsite.monitoring.models import FailedTransaction, IntegrityRun


@pytest.mark.django_db
def test_a_source_is_one_of_those_that_leads_have_or_the_worker() -> None:
    assert str(FailedTransaction(operation="create leads", source="api")) == "create leads failed"
    assert str(IntegrityRun(total=2)) == "2 kinds of errors"
    with pytest.raises(IntegrityError):
        FailedTransaction.objects.create(source="elsewhere")
