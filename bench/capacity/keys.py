"""Which keys of the tables name their business, as a database that is divided by business needs: docs/capacity.md.

python -m bench.capacity.keys: reads the catalogue of the embedded PostgreSQL of the benchmarks.
"""

from collections.abc import Iterator
from typing import Final

from bench.capacity.costs import execute, write_tables
from bench.harness import bench_database

# Tables of the site, without partitions; and which of them have a business.
_TABLES: Final = """
    WITH tables AS (
        SELECT c.oid, c.relname AS name, (
            SELECT attnum FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'user_id' AND a.attnum > 0
        ) AS business
        FROM pg_class AS c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    )
"""
_COUNTS: Final = f"""{_TABLES}
    SELECT count(business), count(*) - count(business) FROM tables"""
_UNIQUE: Final = f"""{_TABLES}
    SELECT i.indisprimary, count(*), count(*) FILTER (WHERE t.business = ANY (i.indkey))
    FROM pg_index AS i JOIN tables AS t ON t.oid = i.indrelid
    WHERE i.indisunique AND t.business IS NOT NULL GROUP BY 1 ORDER BY 1 DESC"""
_FOREIGN: Final = f"""{_TABLES}
    SELECT count(*), count(*) FILTER (WHERE t.business = ANY (f.conkey))
    FROM pg_constraint AS f JOIN tables AS t ON t.oid = f.conrelid JOIN tables AS r ON r.oid = f.confrelid
    WHERE f.contype = 'f' AND t.business IS NOT NULL AND r.business IS NOT NULL"""
_WITHOUT: Final = f"""{_TABLES}
    SELECT t.name, c.relname FROM pg_index AS i JOIN tables AS t ON t.oid = i.indrelid
    JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE i.indisunique AND NOT i.indisprimary AND t.business IS NOT NULL AND t.business <> ALL (i.indkey)
    ORDER BY 1, 2"""


def main() -> None:
    with bench_database("") as environment:
        text = "\n".join(document(environment["DATABASE_URL"]))
    write_tables("bench.capacity.keys", text)
    print(text)


def document(url: str) -> Iterator[str]:
    ((owned, others),) = execute(url, _COUNTS)
    yield f"{owned} tables have a business (`user_id`), {others} do not.\n"
    yield "| of the tables with a business | all | name the business |"
    yield "|---|---|---|"
    for is_primary, count, named in execute(url, _UNIQUE):
        yield f"| {'primary keys' if is_primary else 'other unique keys'} | {count} | {named} |"
    ((count, named),) = execute(url, _FOREIGN)
    yield f"| foreign keys to one another | {count} | {named} |"
    unnamed = ", ".join(f"`{index}`" for _, index in execute(url, _WITHOUT))
    yield f"\nUnique over all businesses, beside the primary keys: {unnamed}."


if __name__ == "__main__":
    main()
