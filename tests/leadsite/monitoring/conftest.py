import pytest

from leadsite.monitoring.writer import writer


@pytest.fixture(autouse=True)
def nothing_waits() -> None:
    """Forget what earlier tests have made fail: in tests nothing is written before `flush`."""
    writer.__init__()  # type: ignore[misc] # the same object, which is registered, as new


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeat transactions at once."""
    monkeypatch.setattr("leadsite.core.transactions.random.uniform", lambda low, high: 0.0)
