"""manage.py worker: does the background jobs."""

import asyncio
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from procrastinate.contrib.django.utils import connector_params

from leadsite.worker import Interrupted, work, work_once
from whatsapp.outbound.worker import THREADS

MOST = 256


class Command(BaseCommand):
    help = (
        "Do the background jobs, the periodic ones included, send WhatsApp messages and post events to the endpoints of"
        " integrators, until Ctrl-C or SIGTERM; what is under way is finished first. Several may run at once, on one"
        " machine or on many. A database that goes away is waited for. `make run` starts one by itself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--concurrency", type=int, default=4, metavar="N", help="jobs at a time (default: 4)")
        parser.add_argument(
            "--sends", type=int, default=THREADS, metavar="N", help="messages sent at a time (default: %(default)s)"
        )
        parser.add_argument(
            "--once",
            action="store_true",
            help="do and send what is due now, then end; exit code 1 where the database does not answer",
        )

    def handle(self, *args: Any, concurrency: int, sends: int, once: bool, **options: Any) -> None:
        for name, number in (("concurrency", concurrency), ("sends", sends)):
            if not 1 <= number <= MOST:
                raise CommandError(f"--{name} is a number from 1 to {MOST}.", returncode=2)
        connection = connector_params()
        if not once:
            asyncio.run(work(connection=connection, concurrency=concurrency, sends=sends))
            return
        try:
            outcomes = asyncio.run(work_once(connection=connection, sends=sends))
        except Interrupted as error:
            raise CommandError(f"The worker needs a database that answers and is migrated: {error}") from error
        self.stdout.write(summary(outcomes))


def summary(outcomes: Counter[str]) -> str:
    if not outcomes.total():
        return "Nothing was due."
    done, failed = outcomes["done"], outcomes["failed"]
    parts = [f"{done} {'job' if done == 1 else 'jobs'} done" + (f", {failed} failed" if failed else "")]
    if tried := outcomes["tried"]:
        parts.append(f"{tried} {'message' if tried == 1 else 'messages'} tried")
    if posted := outcomes["posted"]:
        parts.append(f"{posted} {'event' if posted == 1 else 'events'} posted")
    return "; ".join(parts) + "."
