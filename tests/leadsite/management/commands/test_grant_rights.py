"""manage.py grant_rights, and which commands run as the role that owns the tables."""

from copy import deepcopy
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection

import manage
from leadsite.core.postgresql.defaults import NO_TIMEOUTS, TIMEOUTS
from leadsite.management.commands.migrate import _without_rights
from tests.roles import APPLICATION, make_roles

OWNER = {"NAME": "leadsite", "USER": "leadsite_owner", "OPTIONS": {"options": TIMEOUTS}}
USED = {"NAME": "leadsite", "USER": "leadsite", "OPTIONS": {"options": TIMEOUTS}}


@pytest.fixture
def two_roles(db: None, settings: Any) -> None:
    make_roles()
    settings.OWNER_DATABASE = connection.settings_dict
    settings.APPLICATION_ROLE = APPLICATION


def test_it_shows_the_statements(two_roles: None):
    out, err = StringIO(), StringIO()
    call_command("grant_rights", "--show", stdout=out, stderr=err)
    assert f'GRANT SELECT, INSERT, UPDATE, DELETE ON leads TO "{APPLICATION}";\n' in out.getvalue()
    assert err.getvalue() == ""


def test_it_says_what_the_application_role_should_not_be(two_roles: None):
    connection.cursor().execute(f"ALTER ROLE {APPLICATION} CREATEDB")
    err = StringIO()
    call_command("grant_rights", stderr=err)
    assert err.getvalue() == f"The application role '{APPLICATION}' may create databases.\n"


def test_it_needs_the_owners_url(db: None, settings: Any):
    settings.OWNER_DATABASE = {}
    with pytest.raises(CommandError, match="MIGRATION_DATABASE_URL is not set"):
        call_command("grant_rights")


def test_it_needs_two_roles(two_roles: None, settings: Any):
    settings.APPLICATION_ROLE = connection.settings_dict["USER"]
    with pytest.raises(CommandError, match="must name two roles"):
        call_command("grant_rights")


def test_it_names_a_role_that_does_not_exist(two_roles: None, settings: Any):
    settings.DATABASE_SQL_ROLE = "nobody-here"
    with pytest.raises(CommandError, match=r"no database role 'nobody-here'.*deploy/postgres/roles\.sh"):
        call_command("grant_rights")


def test_a_role_that_does_not_own_the_tables_is_told(two_roles: None):
    connection.cursor().execute(f"SET LOCAL ROLE {APPLICATION}")
    with pytest.raises(CommandError, match="does not own"):
        call_command("grant_rights")


@pytest.mark.parametrize(("owner", "advice"), [({}, "Set MIGRATION_DATABASE_URL"), (OWNER, "must own the tables")])
def test_a_migration_without_rights_says_what_to_set(settings: Any, owner: dict[str, Any], advice: str):
    settings.OWNER_DATABASE = owner
    assert advice in _without_rights(ProgrammingError("permission denied for schema public"))


@pytest.mark.parametrize("command", ["migrate", "grant_rights", "import_supabase"])
def test_commands_that_change_tables_run_as_their_owner(settings: Any, command: str):
    assert role_of(command, settings) == ("leadsite_owner", NO_TIMEOUTS)


@pytest.mark.parametrize("command", ["worker", "import_leads", "createsuperuser"])
def test_other_commands_run_as_the_application(settings: Any, command: str):
    assert role_of(command, settings) == ("leadsite", NO_TIMEOUTS)


def role_of(command: str, settings: Any) -> tuple[str, str]:
    settings.EMBEDDED_POSTGRES = False
    settings.OWNER_DATABASE = deepcopy(OWNER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(settings.DATABASES, "default", deepcopy(USED))
        manage.database_for([command])
        used = settings.DATABASES["default"]
    return used["USER"], used["OPTIONS"]["options"]
