"""The rights of the roles that use the tables and do not own them. Runs as the role that owns them.

Note [Roles]: the owner migrates. The application role, which the site and the worker use, reads and writes rows and
calls functions: an injected statement, or a stolen password, drops no table, empties none, changes no constraint or
trigger and reads no other database. SQL clients have a role that may call the functions made for them, nothing else.
Where one role does everything, as in `make run`, nothing here is executed.
"""

from collections.abc import Iterator
from typing import Final

from django.db import connection, transaction

from leadsite.core.statements import fetch_rows

# The functions that SQL clients call. They are SECURITY DEFINER: they read and write tables as the owner.
CLIENT_FUNCTIONS: Final = (
    *("create_lead_with_conversation", "create_leads_with_conversations"),
    *("delete_lead_with_conversation", "restore_lead_with_conversation"),
)
# What only migrations write, and Django after them.
READ_ONLY: Final = frozenset({"auth_permission", "django_content_type", "django_migrations"})
# What only triggers write, as the owner: the audit. Its partitions, audit_entries_2026_11, are read through it.
AUDIT: Final = "audit_entries"
_ROWS: Final = "SELECT, INSERT, UPDATE, DELETE"
# Ours are those that we own: other programs may have theirs in the same schema.
_RELATIONS: Final = """
    SELECT c.oid::regclass::text, c.relname, c.relkind = 'S' FROM pg_class AS c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
        AND pg_has_role(c.relowner, 'USAGE') ORDER BY 1
"""
# Without those of extensions. Triggers are called by the server, which asks for no right.
_FUNCTIONS: Final = """
    SELECT p.oid::regprocedure::text, p.proname, p.prorettype = 'trigger'::regtype FROM pg_proc AS p
    WHERE p.pronamespace = 'public'::regnamespace AND pg_has_role(p.proowner, 'USAGE') AND NOT EXISTS (
        SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    ORDER BY 1
"""
_ROLES: Final = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"
_EXCESS: Final = """
    SELECT what FROM pg_roles AS r, LATERAL (VALUES
        (r.rolsuper, 'is a superuser'),
        (r.rolcreatedb, 'may create databases'),
        (r.rolcreaterole, 'may create roles'),
        (r.rolreplication, 'may replicate the server'),
        (r.rolbypassrls, 'bypasses row-level security'),
        (has_database_privilege(r.oid, current_database(), 'CREATE'), 'may create schemas in the database'),
        (has_schema_privilege(r.oid, 'public', 'CREATE'), 'may create tables in the schema public'),
        (EXISTS (SELECT FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
                 AND pg_has_role(r.oid, c.relowner, 'USAGE')), 'owns tables, or belongs to a role that does')
    ) AS right_of (has, what)
    WHERE r.rolname = %s AND right_of.has AND (right_of.what = 'is a superuser' OR NOT r.rolsuper)
"""


class NotOwner(Exception):
    """The current role does not own the tables."""


class RoleMissing(Exception):
    """A role that rights should be granted to does not exist. The message says how to create it."""


def grant_rights(*, application: str, sql_clients: str = "") -> list[str]:
    """Give the roles the rights they need, and no others, to everything that the current role owns in the schema
    public, now and later; return the statements. Opens the transaction. Raises RoleMissing and NotOwner.
    """
    roles = [role for role in (application, sql_clients) if role]
    known = {name for (name,) in fetch_rows(_ROLES, [roles])}
    for role in roles:
        if role not in known:
            raise RoleMissing(
                f"There is no database role {role!r}. Create it first: deploy/postgres/roles.sh does, and"
                " docs/operations.md has the statements (Roles of the database)."
            )
    with transaction.atomic(), connection.cursor() as cursor:
        statements = [*_statements(application=application, sql_clients=sql_clients)]
        for statement in statements:
            cursor.execute(statement)
    return statements


def excess_rights(role: str) -> list[str]:
    """Return what an application role may do in this database and should not, as "is a superuser"."""
    return [str(what) for (what,) in fetch_rows(_EXCESS, [role])]


def _statements(*, application: str, sql_clients: str) -> Iterator[str]:
    app, clients = connection.ops.quote_name(application), connection.ops.quote_name(sql_clients)
    both = ", ".join([app, *([clients] if sql_clients else [])])
    relations, functions = fetch_rows(_RELATIONS, []), fetch_rows(_FUNCTIONS, [])
    if "django_migrations" not in {plain for _, plain, _ in relations}:
        raise NotOwner("it does not own django_migrations")
    # Databases from before PostgreSQL 15 let everybody create tables there.
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield f"GRANT USAGE ON SCHEMA public TO {both}"
    for name, _, _ in relations:
        yield f"REVOKE ALL ON {name} FROM {both}"
    for name, plain, is_sequence in relations:
        yield f"GRANT {'USAGE' if is_sequence else _rights(plain)} ON {name} TO {app}"
    for signature, name, is_trigger in functions:
        yield f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC, {both}"
        if not is_trigger:
            yield f"GRANT EXECUTE ON FUNCTION {signature} TO {both if name in CLIENT_FUNCTIONS else app}"
    # Tables of the next migration, from its commit to the end of `migrate`, which comes here again.
    yield f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {_ROWS} ON TABLES TO {app}"
    yield f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO {app}"
    yield f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO {app}"
    yield "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC"


def _rights(table: str) -> str:
    return "SELECT" if table in READ_ONLY or table.startswith(AUDIT) else _ROWS
