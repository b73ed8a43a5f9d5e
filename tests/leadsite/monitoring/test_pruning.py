"""Old failed transactions are deleted, by the database's clock."""

from datetime import timedelta
from typing import Any

import pytest

from leadsite.core import clock
from leadsite.monitoring.models import FailedTransaction
from leadsite.monitoring.pruning import prune_failed_transactions


@pytest.mark.django_db
def test_those_older_than_the_setting_are_deleted(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.FAILED_TRANSACTION_DAYS = 5
    monkeypatch.setattr("leadsite.monitoring.pruning.SIZE", 2)
    now = clock.now()
    for days in (1, 4, 6, 7, 8):
        FailedTransaction.objects.create(at=now - timedelta(days=days), source="api")
    assert prune_failed_transactions() == 3
    assert FailedTransaction.objects.count() == 2
