"""The rights of the application role and of SQL clients: what each may do, and that it is all."""

import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction

from leadsite.core.postgresql import rights
from leadsite.core.postgresql.rights import CLIENT_FUNCTIONS, RoleMissing, excess_rights, grant_rights
from leadsite.core.statements import fetch_rows
from leadsite.core.table_statistics import analyze_grown
from leadsite.webhooks.models import WebhookEndpoint
from tests.cases import each_case
from tests.factories import Business
from tests.roles import APPLICATION, SQL_CLIENTS, make_roles

pytestmark = pytest.mark.django_db
RIGHTS = """
    SELECT c.relname, has_table_privilege(%(role)s, c.oid, 'SELECT'), has_table_privilege(%(role)s, c.oid, 'INSERT'),
        has_table_privilege(%(role)s, c.oid, 'UPDATE'), has_table_privilege(%(role)s, c.oid, 'DELETE'),
        has_table_privilege(%(role)s, c.oid, 'TRUNCATE') OR has_table_privilege(%(role)s, c.oid, 'REFERENCES')
        OR has_table_privilege(%(role)s, c.oid, 'TRIGGER')
    FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v')
"""
CALLABLE = """
    SELECT p.proname FROM pg_proc AS p WHERE p.pronamespace = 'public'::regnamespace
        AND p.prorettype <> 'trigger'::regtype AND has_function_privilege(%s, p.oid, 'EXECUTE')
        AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
"""
ACLS = """
    SELECT relname::text, relacl::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT proname::text, proacl::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'default', defaclacl::text FROM pg_default_acl ORDER BY 1, 2
"""
CALL = "SELECT create_lead_with_conversation(%s, %s, 'Ada', 'order')::text"
FORBIDDEN_TO_APPLICATION = [
    "TRUNCATE leads",
    "DROP TABLE leads CASCADE",
    "ALTER TABLE leads DROP COLUMN details",
    "ALTER TABLE leads DISABLE TRIGGER ALL",
    "ALTER TABLE leads DROP CONSTRAINT leads_type_valid",
    "CREATE INDEX ON leads (details)",
    "CREATE TABLE more (id bigint)",
    "CREATE FUNCTION more() RETURNS integer LANGUAGE sql RETURN 1",
    "CREATE OR REPLACE FUNCTION trim_text(raw text) RETURNS text LANGUAGE sql RETURN raw",
    "DROP FUNCTION create_lead_with_conversation",
    "CREATE SCHEMA more",
    "CREATE ROLE more",
    "CREATE EXTENSION dblink",
    "DELETE FROM django_migrations",
    "INSERT INTO auth_permission (name, content_type_id, codename) VALUES ('all', 1, 'all')",
    "SET session_replication_role = replica",
    "COPY leads TO '/tmp/leads'",
    "COPY leads TO PROGRAM 'cat'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT rolpassword FROM pg_authid",
]
_NEWEST = datetime.now(UTC).date().replace(day=1)
for _ in range(5):
    _NEWEST = (_NEWEST + timedelta(days=31)).replace(day=1)
AUDIT_CHANGES = [
    f"{statement} {table}{rest}"
    for table in ("audit_entries", "audit_entries_default", f"audit_entries_{_NEWEST:%Y_%m}")
    for statement, rest in (
        ("UPDATE", " SET actor_name = 'somebody else'"),
        ("DELETE FROM", ""),
        ("TRUNCATE", ""),
        ("DROP TABLE", ""),
        (
            "INSERT INTO",
            " (row_id, table_name, action, actor_kind, actor_id, actor_name, request_id)"
            " VALUES (gen_random_uuid(), 'leads', 'insert', 'person', '', 'Anna', '')",
        ),
    )
]
FORBIDDEN_TO_SQL_CLIENTS = [
    "SELECT count(*) FROM leads",
    "SELECT * FROM users",
    "INSERT INTO customers (phone) VALUES ('+4915112345678')",
    "DELETE FROM leads",
    "SELECT make_leads(gen_random_uuid(), '[]', true)",
    "SELECT lock_lead(gen_random_uuid(), gen_random_uuid())",
    "SELECT analyze_table('leads')",
    "SELECT uuid_v7()",
    "SELECT nextval('procrastinate_jobs_id_seq')",
    "CREATE TABLE more (id bigint)",
]


@pytest.fixture(autouse=True)
def roles(db: None) -> None:
    """Both roles with their rights; rolled back after the test."""
    make_roles()


@pytest.fixture
def application(roles: None, owner: Business) -> Iterator[None]:
    yield from role(APPLICATION)


@pytest.fixture
def sql_client(roles: None, owner: Business) -> Iterator[None]:
    yield from role(SQL_CLIENTS)


def role(name: str) -> Iterator[None]:
    with transaction.atomic():
        run(f"SET LOCAL ROLE {name}")
        yield
        transaction.set_rollback(True)


def run(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Execute a statement in a savepoint."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


def allowed(statements: list[str]) -> list[str]:
    """Return those that the role of this test may execute."""
    done = []
    for statement in statements:
        try:
            run(statement)
            done.append(statement)
        except ProgrammingError as error:
            if not re.search("permission denied|must be ", str(error)):
                raise
    return done


def test_the_application_reads_and_writes_rows_and_nothing_else():
    with connection.cursor() as cursor:
        cursor.execute(RIGHTS, {"role": APPLICATION})
        found = {name: granted for name, *granted in cursor.fetchall()}
    assert {"leads", "messages", "procrastinate_jobs", "django_migrations"} <= set(found)
    rows, reading = [True, True, True, True, False], [True, False, False, False, False]
    read_only = {name for name in found if name in rights.READ_ONLY or name.startswith(rights.AUDIT)}
    assert len(read_only) > len(rights.READ_ONLY) + 3, "partitions of the audit"
    wrong = {name: got for name, got in found.items() if got != (reading if name in read_only else rows)}
    assert wrong == {}


def test_sql_clients_have_no_right_to_any_table_and_call_two_functions():
    with connection.cursor() as cursor:
        cursor.execute(RIGHTS, {"role": SQL_CLIENTS})
        assert [row for row in cursor.fetchall() if any(row[1:])] == []
    assert {name for (name,) in fetch_rows(CALLABLE, [SQL_CLIENTS])} == set(CLIENT_FUNCTIONS)


def test_nobody_else_may_call_a_function():
    run("CREATE ROLE leadsite_test_nobody")
    assert fetch_rows(CALLABLE, ["leadsite_test_nobody"]) == []


def test_rights_are_granted_twice_without_a_difference():
    before = fetch_rows(ACLS)
    grant_rights(application=APPLICATION, sql_clients=SQL_CLIENTS)
    assert fetch_rows(ACLS) == before


def test_rights_that_somebody_has_added_are_taken_back():
    run(f"GRANT TRUNCATE ON leads TO {APPLICATION}")
    run(f"GRANT SELECT ON users TO {SQL_CLIENTS}")
    grant_rights(application=APPLICATION, sql_clients=SQL_CLIENTS)
    found = fetch_rows(
        "SELECT has_table_privilege(%s, 'leads', 'TRUNCATE'), has_table_privilege(%s, 'users', 'SELECT')",
        [APPLICATION, SQL_CLIENTS],
    )
    assert found == [(False, False)]


def test_tables_and_functions_of_a_later_migration_are_usable_at_once():
    run("CREATE TABLE added_later (id bigserial)")
    run("CREATE FUNCTION added_later() RETURNS integer LANGUAGE sql RETURN 1")
    assert {name for (name,) in fetch_rows(CALLABLE, [SQL_CLIENTS])} == set(CLIENT_FUNCTIONS)
    for _ in role(APPLICATION):
        run("INSERT INTO added_later DEFAULT VALUES")
        assert run("SELECT added_later()") == [(1,)]


@each_case("statement", AUDIT_CHANGES)
def test_the_audit_is_written_by_triggers_only(application: None, owner: Business, statement: str):
    """Also a partition that the worker has made since, with the rights that new tables get."""
    run("UPDATE users SET business_name = 'Other' WHERE id = %s", owner.id)
    run("SELECT make_audit_partitions(5)")
    assert run("SELECT after FROM audit_entries WHERE row_id = %s AND action = 'update'", owner.id)
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        run(statement)


def test_the_application_may_do_nothing_else(application: None):
    assert allowed(FORBIDDEN_TO_APPLICATION) == []


def test_the_application_analyses_tables_that_have_grown(application: None, owner: Business):
    """Also where the rows of other tests have left the table large."""
    run(
        "INSERT INTO customers (user_id, phone) SELECT %s, '+49151' || lpad(n::text, 8, '0') FROM pg_class,"
        " generate_series(1, 3000 + 150 * relpages) AS n WHERE relname = 'customers'",
        owner.id,
    )
    assert analyze_grown(["customers"]) == ["customers"]


def test_a_sql_client_creates_leads(sql_client: None, owner: Business):
    ((answer,),) = run(CALL, owner.id, "+4915112345678")
    assert json.loads(answer)["success"] is True
    leads = json.dumps([{"customer_phone": "+4915112345679", "customer_name": "Bob", "type": "order"}])
    ((answer,),) = run("SELECT create_leads_with_conversations(%s, %s)::text", owner.id, leads)
    assert json.loads(answer)["created"] == 1


def test_a_sql_client_may_do_nothing_else(sql_client: None):
    assert allowed(FORBIDDEN_TO_SQL_CLIENTS) == []


def test_names_of_a_sql_clients_own_schema_are_not_found_by_the_functions(sql_client: None, owner: Business):
    """A SECURITY DEFINER function that finds a caller's table or function would run it as the owner."""
    run("RESET ROLE")
    run(f"CREATE SCHEMA evil; GRANT ALL ON SCHEMA evil TO {SQL_CLIENTS}")
    run(f"SET LOCAL ROLE {SQL_CLIENTS}")
    run("CREATE FUNCTION evil.trim_text(raw text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE ''evil''; END'")
    run("CREATE FUNCTION evil.lead_error(lead jsonb) RETURNS text[] LANGUAGE plpgsql AS 'BEGIN RAISE ''evil''; END'")
    run("CREATE TABLE evil.leads (id uuid)")
    run("CREATE TEMP TABLE leads (id uuid); CREATE TEMP TABLE users (id uuid); CREATE TEMP TABLE customers (id uuid)")
    run("SET LOCAL search_path = pg_temp, evil, public")
    ((answer,),) = run(f"SELECT public.{CALL.removeprefix('SELECT ')}", owner.id, "+4915112345678")
    assert json.loads(answer)["success"] is True
    run("RESET ROLE")
    assert run("SELECT count(*) FROM public.leads WHERE user_id = %s", owner.id) == [(1,)]


def test_a_sql_client_cannot_turn_events_off(sql_client: None, owner: Business):
    """The import of old data sets leadsite.past, and triggers write no events then."""
    run("SET LOCAL ROLE NONE")
    WebhookEndpoint.objects.create(
        user_id=owner.id, url="https://example.com", events=["lead.created"], encrypted_secret="x"
    )
    run(f"SET LOCAL ROLE {SQL_CLIENTS}")
    run("SET LOCAL leadsite.past = 'on'")
    run(CALL, owner.id, "+4915112345678")
    run("SET LOCAL ROLE NONE")
    assert run("SELECT count(*) FROM webhook_events") == [(1,)]


def test_a_role_that_does_not_exist_is_named():
    with pytest.raises(RoleMissing, match="There is no database role 'nobody-here'"):
        grant_rights(application="nobody-here")


def test_what_an_application_role_should_not_be_is_said():
    name = f"leadsite_test_{uuid.uuid4().hex}"
    assert excess_rights(APPLICATION) == []
    run(f"CREATE ROLE {name} CREATEDB CREATEROLE")
    run(f"GRANT CREATE ON SCHEMA public TO {name}")
    assert excess_rights(name) == [
        "may create databases",
        "may create roles",
        "may create tables in the schema public",
    ]
    run(f"ALTER ROLE {name} SUPERUSER")
    assert excess_rights(name) == ["is a superuser"]
