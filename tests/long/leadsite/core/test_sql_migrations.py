"""Migrations go back to nothing and forward again."""

import pytest
from django.core.management import call_command

from tests.database import catalogue


def function(name: str, answer: int) -> str:
    return f"CREATE OR REPLACE FUNCTION {name}() RETURNS integer LANGUAGE sql RETURN {answer};\n"


@pytest.mark.django_db(transaction=True)
def test_migrations_are_reversible():
    before = catalogue()
    try:
        for app in ("webhooks", "whatsapp", "leads", "conversations"):
            call_command("migrate", app, "zero", verbosity=0)
        left = {name for kind, name, _ in catalogue() if kind in ("function", "constraint")}
        assert not {
            name
            for name in left
            if name.startswith(("lead", "conversation", "customer", "channel", "create_", "webhook", "write_"))
        }
    finally:
        call_command("migrate", verbosity=0)
    assert catalogue() == before
