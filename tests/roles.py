"""Roles that do not own the tables: the application's and that of SQL clients, as in production.

The tests' own role is a superuser. `SET ROLE` gives it the rights of another for as long as it likes.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from leadsite.core.postgresql.rights import grant_rights

APPLICATION = "leadsite_test_application"
SQL_CLIENTS = "leadsite_test_sql_clients"


def make_roles() -> None:
    """Create both roles where they are missing, and grant their rights in the test database."""
    with connection.cursor() as cursor:
        for role in (APPLICATION, SQL_CLIENTS):
            cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [role])
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE ROLE {role}")
    grant_rights(application=APPLICATION, sql_clients=SQL_CLIENTS)


@contextmanager
def every_connection_as_application() -> Iterator[None]:
    """Let the connections of this process use the application role."""
    make_roles()
    options = connection.settings_dict["OPTIONS"]
    before = options.get("options", "")
    options["options"] = f"{before} -c role={APPLICATION}".strip()
    connection.close()
    yield
    options["options"] = before
    connection.close()
