"""manage.py worker: its options, and the output of --once."""

import re

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.leadsite.workers import (
    COUNT_RECENT,
    COUNT_SHOWN,
    FORGET_MERGES,
    PRUNE,
    PRUNE_ALLOWANCES,
    PRUNE_BULK_CHANGES,
    PRUNE_EVENTS,
    PRUNE_EXPORTS,
    PRUNE_IMPORTS,
    PRUNE_KEYS,
    REMOVE,
    STALLED,
    SWEEP_BULK_CHANGES,
    SWEEP_EXPORTS,
    SWEEP_IMPORTS,
    insert_job,
    once,
    run,
    variables,
)
from tests.site import manage

pytestmark = pytest.mark.django_db(transaction=True)


def test_once_does_the_periodic_jobs_that_are_due_and_ends(tmp_path):
    ended = once(tmp_path)

    assert ended.returncode == 0, ended.stderr
    done = ProcrastinateJob.objects.filter(status="succeeded").values_list("task_name", flat=True)
    assert {
        PRUNE,
        STALLED,
        REMOVE,
        "whatsapp.tasks.refresh_templates",
        "whatsapp.tasks.retry_deliveries",
        "whatsapp.tasks.delete_unnamed_media",
        "whatsapp.tasks.sweep_media",
        "whatsapp.tasks.sweep_outbox",
        PRUNE_ALLOWANCES,
        PRUNE_KEYS,
        "leadsite.tasks.prune_logins",
        "leadsite.audit.tasks.keep_audit_partitions",
        "leadsite.privacy.tasks.finish_erasures_left",
        "leadsite.privacy.tasks.delete_old_rows",
        "leadsite.privacy.tasks.purge",
        "leadsite.monitoring.tasks.check_stored_data",
        "leadsite.monitoring.tasks.prune_failures",
        PRUNE_EVENTS,
        PRUNE_IMPORTS,
        SWEEP_IMPORTS,
        PRUNE_BULK_CHANGES,
        SWEEP_BULK_CHANGES,
        FORGET_MERGES,
        SWEEP_EXPORTS,
        COUNT_RECENT,
        COUNT_SHOWN,
        PRUNE_EXPORTS,
    } == set(done)


def test_once_reports_the_number_of_jobs(tmp_path):
    broken = insert_job("todo", task=REMOVE)
    run("UPDATE procrastinate_jobs SET args = '{\"no_such_argument\": 1}' WHERE id = %s", broken)

    first, second = once(tmp_path), once(tmp_path)

    assert re.fullmatch(r"[0-9]+ jobs done, 1 failed\.\n", first.stdout), first.stdout
    assert "no_such_argument" in first.stderr
    # A new minute, with periodic jobs, may begin between the two runs.
    assert re.fullmatch(r"Nothing was due\.\n|[0-9]+ jobs? done\.\n", second.stdout), second.stdout


def test_it_refuses_a_concurrency_of_zero(tmp_path):
    ended = manage("worker", "--concurrency", "0", env=variables(tmp_path))

    assert ended.returncode == 2
    assert "--concurrency" in ended.stderr
