"""What the demo's supervisor decides; tests/leadsite/test_demo.py shows it at work."""

import signal
from contextlib import nullcontext
from typing import Any

import pytest

from leadsite.embedded import EmbeddedPostgres, EmbeddedPostgresError
from leadsite.supervisor import Supervisor


@pytest.mark.parametrize("asked_to_stop", [True, False])
def test_a_database_that_does_not_come_back_is_an_error_unless_the_demo_was_asked_to_stop(
    monkeypatch: pytest.MonkeyPatch, settings: Any, asked_to_stop: bool
) -> None:
    """Ctrl-C in a terminal also reaches the programs that start the database, and these fail of it."""
    settings.EMBEDDED_POSTGRES = True
    supervisor = Supervisor(port=8000)

    def interrupted(server: EmbeddedPostgres) -> bool:
        if asked_to_stop:
            supervisor._stop(signal.SIGINT, None)
        raise EmbeddedPostgresError("psql was interrupted")

    monkeypatch.setattr(EmbeddedPostgres, "is_running", lambda server: False)
    monkeypatch.setattr(EmbeddedPostgres, "start", interrupted)

    with nullcontext() if asked_to_stop else pytest.raises(EmbeddedPostgresError):
        supervisor._revive_database()
