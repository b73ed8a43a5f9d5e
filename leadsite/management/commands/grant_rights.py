"""manage.py grant_rights: what the roles that do not own the tables may do."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from leadsite.core.postgresql.rights import NotOwner, RoleMissing, excess_rights, grant_rights


class Command(BaseCommand):
    help = (
        "Give the application role (the one of DATABASE_URL) and the role of SQL clients (DATABASE_SQL_ROLE) the rights"
        " they need on our tables and functions, and no others. Runs as the role of MIGRATION_DATABASE_URL, which owns"
        " them. `manage.py migrate` does this at its end; run again, it changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--show", action="store_true", help="print the statements that were executed")

    def handle(self, *args: Any, show: bool, **options: Any) -> None:
        for line in apply_rights():
            if show:
                self.stdout.write(f"{line};")
        for what in excess_rights(settings.APPLICATION_ROLE):
            self.stderr.write(f"The application role {settings.APPLICATION_ROLE!r} {what}.")


def apply_rights() -> list[str]:
    """Grant the rights of this installation's roles; return the statements. Raises CommandError."""
    application, owner = settings.APPLICATION_ROLE, str(connection.settings_dict["USER"])
    if not settings.OWNER_DATABASE:
        raise CommandError(
            "MIGRATION_DATABASE_URL is not set, so one role owns the tables and uses them. Set it to the URL of the"
            " database with the role that owns the tables: docs/operations.md, Roles of the database."
        )
    if not application or application == owner:
        raise CommandError(
            "DATABASE_URL and MIGRATION_DATABASE_URL must name two roles: postgresql://ROLE:PASSWORD@HOST/NAME."
        )
    try:
        return grant_rights(application=application, sql_clients=settings.DATABASE_SQL_ROLE)
    except RoleMissing as error:
        raise CommandError(str(error)) from error
    except NotOwner as error:
        raise CommandError(
            f"The role {owner!r} does not own the tables. MIGRATION_DATABASE_URL must name the role that does."
        ) from error
