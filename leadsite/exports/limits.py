"""How many long exports a business may have, and for how long: a worker writes each, the database keeps its file."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_noop

from leadsite.core import clock
from leadsite.core.transactions import wait_for_turn
from leadsite.exports.models import Export

# Up to this number of rows the request writes the file itself.
AT_ONCE: Final = 5000
KEEP: Final = timedelta(days=1)
MAX_IN_PROGRESS: Final = 3
# A file of a million rows has a hundred MB.
MAX_A_DAY: Final = 20


class TooManyExports(Exception):
    """The business has to wait until it may export again; the message is a sentence for the person."""


def check_limits(*, business_id: UUID) -> None:
    """Raises TooManyExports, django.db.Error. Caller holds the transaction, in which it stores the export."""
    # Of orders at the same moment, each is counted by the next one.
    wait_for_turn("exports", user_id=business_id)
    own = Export.objects.filter(user_id=business_id)
    if own.filter(state__in=(Export.State.WAITING, Export.State.RUNNING)).count() >= MAX_IN_PROGRESS:
        raise TooManyExports(
            gettext_noop("Your business has %(max_in_progress)s exports in progress. Export again when one has ended.")
            % {"max_in_progress": MAX_IN_PROGRESS}
        )
    kept = own.filter(created_at__gt=clock.now() - KEEP).exclude(state=Export.State.FAILED)
    if kept.count() >= MAX_A_DAY:
        raise TooManyExports(
            gettext_noop(
                "Your business has %(max_a_day)s long exports of the last day. Export again later, or choose up to"
                " %(at_once)s rows by a filter."
            )
            % {"max_a_day": MAX_A_DAY, "at_once": AT_ONCE}
        )
