"""No statement of a page, of the API or of a regular job reads a whole table, with a million leads."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any, Final
from unittest.mock import Mock

from django.db import connection
from django.test import override_settings
from pytest_django.plugin import DjangoDbBlocker

from bench.filling import TABLES
from conversations.models import Conversation, Customer, Message
from leads import tasks as of_leads
from leads.models import Lead
from leadsite.core import clock
from leadsite.exports import tasks as of_exports
from leadsite.figures import tasks as of_figures
from leadsite.privacy import tasks as of_privacy
from leadsite.webhooks import tasks as of_webhooks
from tests.factories import Business
from tests.large_business import forget_statistics, large_business
from tests.leadsite.admin_paths import all_paths
from tests.leadsite.two_businesses import newest_rows
from tests.staff import staff_of
from whatsapp import tasks as of_whatsapp

API = [
    "/api/leads",
    "/api/leads?status=lost",
    "/api/leads?status=new&type=order",
    "/api/leads?source=sql",
    "/api/leads?ordering=created_at",
    "/api/leads?q=ginger",
    "/api/leads?q=lemon",
    "/api/leads?q=wedding+lemon",
    "/api/leads?q=Amina",
    "/api/leads?external_id=none",
    "/api/leads?customer_phone=%2B4915000791900",
    "/api/leads?created_after=2020-01-01T00:00:00Z",
    "/api/leads?deleted=true",
    "/api/leads?updated_after=2020-01-01T00:00:00Z",
    "/api/leads?created_before=2020-01-01T00:00:00Z",
    "/api/conversations",
    "/api/conversations?status=completed",
    "/api/conversations?customer_phone=%2B4915000791900",
    "/api/conversations?ordering=created_at",
    "/api/customers",
    "/api/labels",
    "/api/people",
    "/api/templates",
    "/api/webhook-endpoints",
]
RARE = "?q=ginger"
SEARCHES = (RARE, "?q=lemon", "?q=wedding+vegan", "?q=Amina", "?q=%2B4915000791900", "?q=marzipan")
# Some messages of the business are older.
AGES: Final = {"CLOSED_LEAD_DAYS": 30, "MESSAGE_DAYS": 270, "MEDIA_DAYS": 30, "REFUSAL_DAYS": 30}
LISTS = (Lead, Customer, Conversation, Message)


class Plans:
    """The statements that an execution wrapper sees, and the large tables that each reads from end to end."""

    def __init__(self) -> None:
        self.seen: dict[str, set[str]] = {}
        self.asked = ""

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not many and re.match(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b", sql):
            self._explain(context["connection"], sql, params)
        return execute(sql, params, many, context)

    def _explain(self, database: Any, sql: str, params: Any) -> None:
        with database.connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
            (plan,) = cursor.fetchone()
        self.seen.setdefault(sql, set())
        if tables := set(scanned(plan[0]["Plan"] if isinstance(plan, list) else json.loads(plan)[0]["Plan"])):
            self.seen[sql] |= {f"{self.asked}: {table}" for table in tables}

    def assert_none_reads_a_whole_table(self) -> None:
        found = [f"{', '.join(sorted(tables))}: {sql}" for sql, tables in self.seen.items() if tables]
        assert not found, "\n".join(found)


def scanned(node: dict[str, Any]) -> Iterator[str]:
    """The large tables that a plan reads from end to end: by a scan, or by one of an index for a hash table."""
    if node["Node Type"] == "Seq Scan" and node["Relation Name"] in TABLES:
        yield node["Relation Name"]
    for part in node.get("Plans", []):
        yield from scanned(part)


def temporary_files() -> int:
    """How often a sort or a hash table of this database did not fit into memory."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT temp_files FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def all_pages(business: Business) -> list[str]:
    return [path for path in all_paths(newest_rows(business)) if "logout" not in path]


def lists(*searches: str) -> list[str]:
    """Those of the admin, also searched, and the inbox."""
    found = [f"/admin/{model._meta.label_lower.replace('.', '/')}/" for model in LISTS]
    return [path + query for path in (*found, "/admin/inbox/") for query in ("", *searches)]


def ask(business: Business, paths: list[str], plans: Plans) -> None:
    staff = staff_of(business)
    with connection.execute_wrapper(plans):
        for path in paths:
            plans.asked = path
            if path in API:
                assert business.client.get(path).status_code == 200, path
            else:
                assert staff.client.get(path).status_code < 500, path


def test_statements_read_by_index(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """One test: with the rows of one business, that each process would make again."""
    with django_db_blocker.unblock(), large_business() as business:
        assert_pages_and_lists_do(business)
        assert_regular_jobs_do()
        assert_lists_do_right_after_an_import(business)


def assert_pages_and_lists_do(business: Business) -> None:
    plans, before = Plans(), temporary_files()
    ask(business, [*all_pages(business), *lists(*SEARCHES), *API], plans)
    assert len(plans.seen) > 200
    plans.assert_none_reads_a_whole_table()
    assert temporary_files() == before


def assert_regular_jobs_do() -> None:
    plans, context = Plans(), Mock(should_abort=lambda: False)
    jobs = (
        *(of_leads.prune_imports, of_leads.prune_bulk_changes, of_leads.forget_merges, of_exports.prune_exports),
        *(of_figures.count_recent_days, of_privacy.delete_old_rows, of_privacy.purge),
        *(of_privacy.finish_erasures_left, of_webhooks.prune_webhook_events),
        *(of_whatsapp.retry_deliveries, of_whatsapp.prune_deliveries),
    )
    lost = Lead.objects.filter(status="lost").values_list("pk", flat=True)[:10]
    old = Lead.objects.filter(pk__in=list(lost))
    old.update(updated_at=clock.now() - timedelta(days=AGES["CLOSED_LEAD_DAYS"] + 1))
    messages = Message.objects.count()
    with connection.execute_wrapper(plans), override_settings(**AGES):
        for job in jobs:
            plans.asked = job.name
            run: Callable[..., Any] = partial(job.func, context) if job.pass_context else job.func
            run(timestamp=0)
    assert not old.exists()
    assert Message.objects.count() < messages
    plans.assert_none_reads_a_whole_table()


def assert_lists_do_right_after_an_import(business: Business) -> None:
    """Before the server has statistics of the tables."""
    forget_statistics()
    plans = Plans()
    ask(business, [*lists(RARE), *(path for path in API if "?q=" not in path or RARE in path)], plans)
    plans.assert_none_reads_a_whole_table()
