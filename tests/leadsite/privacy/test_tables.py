"""A decision for each column of the database in which something about a customer can be."""

import pytest
from django.db import connection

from leadsite.privacy.tables import TABLES, WITHOUT_CUSTOMERS

pytestmark = pytest.mark.django_db
# A partition has the columns of its table.
COLUMNS = """
    SELECT c.relname, a.attname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
    JOIN pg_type AS t ON t.oid = a.atttypid LEFT JOIN pg_type AS element ON element.oid = t.typelem
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND a.attnum > 0 AND NOT a.attisdropped
        AND (t.typname IN ('text', 'varchar', 'bpchar', 'json', 'jsonb', 'bytea')
             OR element.typname IN ('text', 'varchar', 'jsonb') AND t.typcategory = 'A')
"""


def test_each_column_has_a_decision():
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        columns = cursor.fetchall()
    assert len(columns) > 100
    undecided = [
        f"{table}.{column}"
        for table, column in columns
        if table not in WITHOUT_CUSTOMERS and column not in getattr(TABLES.get(table), "columns", ())
    ]
    assert sorted(undecided) == [], "Decide in leadsite/privacy/tables.py what becomes of it when a person is erased."
    assert not TABLES.keys() & WITHOUT_CUSTOMERS.keys()


def test_there_is_no_decision_about_what_is_not_there():
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'")
        there = set(cursor.fetchall())
    decided = {(name, column) for name, table in TABLES.items() for column in table.columns}
    assert decided - there == set()
    assert WITHOUT_CUSTOMERS.keys() - {"memberships"} <= {name for name, _ in there}
