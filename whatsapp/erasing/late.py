"""Takes out of a delivery's body what was left out of it, because the people in it were erased."""

from leads.received import Stored
from whatsapp.erasing.bodies import traces_of, without_person
from whatsapp.erasing.own import OwnNumbers


def without_erased(provider: str, body: bytes, stored: Stored) -> bytes:
    """Return the body without the messages, statuses and moves of erased people. No statement where there are none,
    otherwise two for the whole delivery. Raises django.db.Error.
    """
    if not stored.has_erased:
        return body
    parts = (stored.erased, stored.erased_statuses, stored.erased_moves)
    for user_id, own in OwnNumbers.of_each({one.user_id for part in parts for one in part}).items():
        traces = traces_of(
            [message for message in stored.erased if message.user_id == user_id],
            [report for report in stored.erased_statuses if report.user_id == user_id],
            [move for move in stored.erased_moves if move.user_id == user_id],
        )
        body = without_person(provider, body, traces, own=own.among)
    return body
