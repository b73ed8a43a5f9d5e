"""manage.py worker: runs background jobs, sends messages and posts events."""

import asyncio
from collections import Counter
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, connection
from procrastinate.contrib.django.utils import connector_params

from leads.importing.isolated.process import start_fork_server
from leadsite.core import clock, failures
from leadsite.core.history import EarlierDatabase, is_newer
from leadsite.core.postgresql.actors import Actor, ActorKind, set_process_actor
from leadsite.monitoring.heartbeats import WorkerSilent, check_workers
from leadsite.worker import Interrupted, work, work_once
from whatsapp.outbound.worker import SENDS

log = structlog.get_logger(__name__)

MAX_PARALLEL = 256


class Command(BaseCommand):
    help = (
        "Run background jobs, including the periodic ones, send WhatsApp messages and post events to webhook endpoints"
        " until Ctrl-C or SIGTERM; work in progress is finished first. Several workers may run at the same time, on one"
        " or several machines. While the database is unreachable, a worker waits. `make run` starts one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--concurrency", type=int, default=4, metavar="N", help="jobs at a time (default: 4)")
        parser.add_argument(
            "--sends",
            type=int,
            default=SENDS,
            metavar="N",
            help="messages of one business at a time (default: %(default)s)",
        )
        parser.add_argument(
            "--once",
            action="store_true",
            help="do what is due now, then exit; exit code 1 if the database is unreachable",
        )

        parser.add_argument(
            "--check",
            action="store_true",
            help="say whether the workers of this machine work, then exit; exit code 1 if none runs or one is stuck",
        )

    def handle(self, *args: Any, concurrency: int, sends: int, once: bool, check: bool, **options: Any) -> None:
        if check:
            self.stdout.write(checked())
            return
        for name, number in (("concurrency", concurrency), ("sends", sends)):
            if not 1 <= number <= MAX_PARALLEL:
                raise CommandError(f"--{name} must be a number from 1 to {MAX_PARALLEL}.", returncode=2)
        failures.set_process_source(failures.Source.WORKER)
        set_process_actor(Actor(ActorKind.WORKER, name="worker"))
        check_tables()
        report_clock()
        parameters = connector_params()
        if not once:
            start_fork_server()
            asyncio.run(work(connection=parameters, concurrency=concurrency, sends=sends))
            return
        try:
            outcomes = asyncio.run(work_once(connection=parameters, sends=sends))
        except Interrupted as error:
            raise CommandError(f"The database is unreachable or not migrated: {error}") from error
        self.stdout.write(summary(outcomes))


def checked() -> str:
    try:
        count, age = check_workers()
    except WorkerSilent as silent:
        raise CommandError(str(silent)) from silent
    return f"{count} {'worker' if count == 1 else 'workers'}; last heartbeat {age:.0f} s ago."


def report_clock() -> None:
    """Log that this machine's clock is wrong: jobs that delete what is old will fail until it is right."""
    try:
        clock.check_clock()
    except clock.ClockDiffers as error:
        log.error("clock_differs", error=str(error))


def check_tables() -> None:
    """Exit if the tables are from an earlier version of leadsite. An unreachable database is no error: `work` waits."""
    try:
        if is_newer():
            log.warning("database_newer", problem="a newer release has migrated the database; this one runs on it")
    except EarlierDatabase as error:
        raise CommandError(str(error)) from error
    except Error:
        pass
    finally:
        connection.close()


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
