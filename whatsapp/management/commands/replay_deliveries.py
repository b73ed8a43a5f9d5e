"""manage.py replay_deliveries: processes stored deliveries again."""

import json
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Final
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from tqdm import tqdm

from whatsapp.inbound import ingest
from whatsapp.inbound.replay import ERROR, OPEN_STATES, SKIPPED, ids_in, replay_each
from whatsapp.models import WebhookDelivery

State = WebhookDelivery.State
CHOICES: Final = {"failed": (State.FAILED,), "unrouted": (State.UNROUTED,), "all": OPEN_STATES}
# Each delivery has exactly one outcome, so they add up to the number of deliveries.
OUTCOMES: Final = {
    State.PROCESSED: "processed",
    State.FAILED: "still failed",
    State.UNROUTED: "still unrouted",
    SKIPPED: "skipped (locked by another process, or deleted)",
    ERROR: "stopped by an error (see the log)",
}
COULD_NOT_RUN: Final = 2


@contextmanager
def quiet_log() -> Iterator[None]:
    """Silence the log line of each delivery in the command's output; warnings and errors are still shown."""
    logger = logging.getLogger(ingest.__name__)
    level = logger.level
    logger.setLevel(max(logging.WARNING, logger.getEffectiveLevel()))
    try:
        yield
    finally:
        logger.setLevel(level)


class Command(BaseCommand):
    help = (
        "Process stored deliveries again now: failed ones, even before their next attempt is due, and those for numbers"
        " that were not connected. The worker does the same when they are due. Nothing is stored twice."
        " Exit code: 0 where all are processed, 1 where some are not, 2 where it could not run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--state", choices=CHOICES, default="all", help="which deliveries (default: all of these)")
        what.add_argument(
            "--id", type=UUID, nargs="+", action="extend", metavar="UUID", help="these deliveries, whatever their state"
        )
        parser.add_argument("--json", action="store_true", help="print the summary as one JSON object and nothing else")

    def handle(self, *args: Any, state: str, **options: Any) -> None:
        try:
            ids = self.named(options["id"]) if options["id"] else ids_in(CHOICES[state])
            outcomes = self.replay(ids, quiet=options["json"])
        except DatabaseError as error:
            raise CommandError(f"The database does not answer: {error}", returncode=COULD_NOT_RUN) from error
        if not ids and not options["json"]:
            self.stdout.write("Nothing to replay.")
            return
        self.summarise(outcomes, as_json=options["json"])
        if left := len(ids) - outcomes[State.PROCESSED]:
            raise CommandError(f"{left} of {len(ids)} are not processed; the admin shows why.", returncode=1)

    def named(self, ids: list[UUID]) -> list[UUID]:
        wanted = list(dict.fromkeys(ids))
        unknown = set(wanted) - set(WebhookDelivery.objects.filter(id__in=wanted).values_list("id", flat=True))
        if unknown:
            raise CommandError(
                "There is no delivery " + ", ".join(sorted(map(str, unknown))) + ".", returncode=COULD_NOT_RUN
            )
        return wanted

    def replay(self, ids: list[UUID], *, quiet: bool) -> Counter[str]:
        """Replay and show the progress: a bar on a terminal, otherwise a line for each delivery."""
        outcomes: Counter[str] = Counter()
        # `disable=None`: no bar where standard error is no terminal.
        log_level = nullcontext() if quiet else quiet_log()
        with log_level, tqdm(total=len(ids), unit=" deliveries", disable=True if quiet else None) as bar:
            for delivery_id, outcome in replay_each(ids):
                outcomes[outcome] += 1
                bar.update()
                if bar.disable and not quiet:
                    self.stdout.write(f"{delivery_id}  {OUTCOMES[outcome]}")
        return outcomes

    def summarise(self, outcomes: Counter[str], *, as_json: bool) -> None:
        if as_json:
            counts = {str(outcome): outcomes[outcome] for outcome in OUTCOMES}
            self.stdout.write(json.dumps({"deliveries": outcomes.total(), **counts}))
            return
        self.stdout.write(f"{outcomes.total():>6}  deliveries tried again")
        for outcome, words in OUTCOMES.items():
            self.stdout.write(f"{outcomes[outcome]:>6}  {words}")
