"""docs/indexes.md names the reader of each index that is there, and no other one."""

import re

import pytest
from django.conf import settings
from django.db import connection

# Without those of primary keys, of unique ones, of partitions (which are those of their table), and those that Django
# and knox create themselves, whose names end in a digest.
_INDEXES = r"""
    SELECT i.indexrelid::regclass::text FROM pg_index AS i JOIN pg_class AS r ON r.oid = i.indrelid
    WHERE r.relnamespace = 'public'::regnamespace AND NOT i.indisunique AND NOT r.relispartition
    AND r.relname !~ '^(django|auth|procrastinate)_' AND i.indexrelid::regclass::text !~ '_[0-9a-f]{8}(_like)?$'
"""


@pytest.mark.django_db
def test_each_index_has_a_reader() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_INDEXES)
        there = sorted(name for (name,) in cursor.fetchall())
    text = (settings.BASE_DIR / "docs" / "indexes.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| (.+) \|$", text, re.MULTILINE)
    assert [name for name, _ in listed] == sorted(name for name, _ in listed) == there
    assert all(reader.strip() for _, reader in listed)
