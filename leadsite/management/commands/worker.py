"""manage.py worker: does the background jobs."""

import asyncio
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from procrastinate.contrib.django.utils import connector_params

from leadsite.worker import Interrupted, work, work_once


class Command(BaseCommand):
    help = (
        "Do the background jobs, the periodic ones included, until Ctrl-C or SIGTERM; jobs under way are finished"
        " first. Several may run at once, on one machine or on many. A database that goes away is waited for."
        " `make run` starts one by itself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--concurrency", type=int, default=4, metavar="N", help="jobs at a time (default: 4)")
        parser.add_argument(
            "--once",
            action="store_true",
            help="do what is due now, one job at a time, and end; exit code 1 where the database does not answer",
        )

    def handle(self, *args: Any, concurrency: int, once: bool, **options: Any) -> None:
        if concurrency < 1:
            raise CommandError("--concurrency is a number from 1.", returncode=2)
        connection = connector_params()
        if not once:
            asyncio.run(work(connection=connection, concurrency=concurrency))
            return
        try:
            outcomes = asyncio.run(work_once(connection=connection))
        except Interrupted as error:
            raise CommandError(f"The worker needs a database that answers and is migrated: {error}") from error
        self.stdout.write(summary(outcomes))


def summary(outcomes: Counter[str]) -> str:
    done, failed = outcomes["done"], outcomes["failed"]
    if not done + failed:
        return "Nothing was due."
    return f"{done} {'job' if done == 1 else 'jobs'} done" + (f", {failed} failed." if failed else ".")
