"""Service that erases one person of a business everywhere.

Note [Erasing]: one transaction removes the person's own rows (customer, conversations, leads, messages, and what refers
to them), in the lock order, and leaves marks by which late deliveries are recognised (conversations/erasing/marks.py).
From its commit on the person does not come back. What is found only by searching (stored deliveries, events, refused
rows, mentions in the texts of others) follows table by table, in short transactions. If the process is killed in
between, a worker finishes the erasure within a minute: what is searched for is kept, encrypted, until then.
"""

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Final
from uuid import UUID

import structlog
from cryptography.fernet import InvalidToken
from django.db import Error, connection, transaction
from django.db.models.functions import Now

from conversations.models import Customer, ErasedMark
from conversations.services.media import delete_orphans
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import ConcurrentChange, end_if_idle, retried
from leadsite.privacy.audit import ENTRIES, erase_entries, erase_mentions
from leadsite.privacy.files import drop_files_with
from leadsite.privacy.models import Erasure
from leadsite.privacy.people import OWN_MERGES, OWN_MOVES, Person, PersonUnknown, person_of
from leadsite.privacy.rows import Search, erase_in
from leadsite.privacy.tables import TABLES

log = structlog.get_logger(__name__)

# What a request may take of the search; a worker does the rest.
REQUEST_SECONDS: Final = 1.5

# The person's own rows, in the order in which foreign keys allow it. Of deleted leads too: these are the tables.
_DELETES: Final = {
    "import_changes": """DELETE FROM import_changes
        WHERE lead_id = ANY (%(leads)s::uuid[]) OR customer_id = %(customer)s""",
    "bulk_change_leads": "DELETE FROM bulk_change_leads WHERE lead_id = ANY (%(leads)s::uuid[])",
    "leads": "DELETE FROM leads WHERE id = ANY (%(leads)s::uuid[])",
    # Without the message their bytes are deleted: by finish_erasure, or where it fails, by a worker.
    "stored_media": """UPDATE stored_media SET message_id = NULL, provider_id = '', provider_url = '', reason = '',
        mime_said = '' WHERE message_id = ANY (%(messages)s::uuid[])""",
    "messages": "DELETE FROM messages WHERE id = ANY (%(messages)s::uuid[])",
    "chat_presence": "DELETE FROM chat_presence WHERE conversation_id = ANY (%(conversations)s::uuid[])",
    "notes": "DELETE FROM notes WHERE conversation_id = ANY (%(conversations)s::uuid[])",
    "conversations": "DELETE FROM conversations WHERE id = ANY (%(conversations)s::uuid[])",
    # Before the files: a worker that stores one has locked its export.
    "exports": "DELETE FROM exports WHERE user_id = %(user)s OR of_all",
    "export_files": """DELETE FROM export_files AS f
        WHERE NOT EXISTS (SELECT FROM exports AS e WHERE e.user_id = f.user_id AND e.id = f.export_id)""",
    "customer_merges": f"DELETE FROM customer_merges WHERE {OWN_MERGES}",  # noqa: S608 - a constant
    "distinct_pairs": "DELETE FROM distinct_pairs WHERE first_id = %(customer)s OR second_id = %(customer)s",
    "customers": "DELETE FROM customers WHERE id = %(customer)s",
    "customer_moves": f"DELETE FROM customer_moves WHERE {OWN_MOVES}",  # noqa: S608 - a constant
    "parked_statuses": """DELETE FROM parked_statuses WHERE user_id = %(user)s
        AND (provider_id = ANY (%(provider_ids)s::text[])
             OR provider_id = ANY (ARRAY(SELECT 'call ' || id FROM unnest(%(provider_ids)s::text[]) AS id)))""",
}


def erase_customer(*, user_id: UUID, customer_id: UUID, seconds: float | None = None) -> Erasure:
    """Erase a person: see Note [Erasing]. Opens transactions.

    `seconds`: how long the search may take; what is not done by then a worker does (`finished_at` is None). Raises
    PersonUnknown, django.db.Error.
    """
    erasure = _erase_rows(user_id=user_id, customer_id=customer_id)
    return finish_erasure(erasure_id=erasure.pk, seconds=seconds)


@retried(operation="erase customer")
def _erase_rows(*, user_id: UUID, customer_id: UUID) -> Erasure:
    # A message may arrive at the same moment: it waits for the customer's row, or had it before and is erased too. One
    # that looked the customer up before sees afterwards that somebody was erased, and is stored again: place.py.
    with transaction.atomic():
        end_if_idle()
        customers = Customer.objects.lock([customer_id])
        if not customers or customers[0].user_id != user_id:
            raise PersonUnknown("This business has no customer with this id.")
        person = person_of(customers[0])
        ((erased_at,),) = fetch_rows("SELECT clock_timestamp()")
        ErasedMark.objects.store(person.marks, erased_at=erased_at)
        removed = _delete_rows(person)
        return Erasure.objects.create(user_id=user_id, erased_at=erased_at, pending=person.sealed(), removed=removed)


def _delete_rows(person: Person) -> dict[str, int]:
    parameters = person.parameters
    removed = {}
    with connection.cursor() as cursor:
        for table, statement in _DELETES.items():
            cursor.execute(statement, parameters)
            removed[table] = cursor.rowcount
    erase_entries(person.rows)
    if removed["conversations"] != len(person.conversation_ids) or not removed["customers"]:
        raise ConcurrentChange("The customer was changed by a concurrent transaction.")
    return {table: count for table, count in removed.items() if count}


def finish_erasure(*, erasure_id: UUID, seconds: float | None = None) -> Erasure:
    """Search what is left of an erasure; two processes may do so at once. Opens transactions.

    Raises cryptography.fernet.InvalidToken where SECRET_KEY is another one; django.db.Error.
    """
    erasure = Erasure.objects.get(pk=erasure_id)
    if erasure.pending is None:
        return erasure
    search = Search.of(Person.unsealed(erasure.pending))
    until = time.monotonic() + seconds if seconds is not None else math.inf

    def is_late() -> bool:
        return time.monotonic() > until

    for name, step in _steps(search, is_late).items():
        try:
            count = step()
        except Error:
            # The person's rows are gone already, so that a request that has a limit says so.
            if seconds is None:
                raise
            log.warning("erasure_interrupted", erasure=str(erasure_id), table=name, exc_info=True)
            return erasure
        if count:
            erasure.removed[name] = erasure.removed.get(name, 0) + count
        # The step may have ended before its end.
        if is_late():
            return erasure
    return _close(erasure)


def _steps(search: Search, is_late: Callable[[], bool]) -> dict[str, Callable[[], int]]:
    """What is searched. Each returns what it has removed, and ends early where it is late."""
    steps: dict[str, Callable[[], int]] = {
        "import_files": partial(drop_files_with, search, should_stop=is_late),
        "files": partial(_delete_bytes, is_late),
    }
    tables = [name for name, table in TABLES.items() if table.searched()]
    steps |= {name: partial(erase_in, name, search, should_stop=is_late) for name in tables}
    steps[ENTRIES] = partial(erase_mentions, search)
    return steps


def _delete_bytes(should_stop: Callable[[], bool]) -> int:
    """Delete the bytes of files whose message is gone: of this person's, and of others' at the same time."""
    delete_orphans(should_stop=should_stop)
    return 0  # their rows are counted already


@retried(operation="erase customer")
def _close(erasure: Erasure) -> Erasure:
    with transaction.atomic():
        Erasure.objects.filter(pk=erasure.pk, finished_at=None).update(
            pending=None, finished_at=Now(), removed=erasure.removed
        )
    erasure.refresh_from_db()
    # Without the person: that somebody was erased, and how much.
    log.info("customer_erased", erasure=str(erasure.pk), removed=sum(erasure.removed.values()))
    return erasure


def finish_erasures() -> int:
    """Finish erasures whose process was killed, or that took too long for a request; return how many.

    One that fails is logged and does not stop the others; the next run tries it again. One whose key is missing is only
    logged. Raises ExceptionGroup of what the failed ones raised, after the last one; django.db.Error at once where the
    connection is lost: the others would fail the same way.
    """
    ids = list(Erasure.objects.filter(finished_at=None).order_by("pk").values_list("pk", flat=True))
    finished, errors = 0, []
    for erasure_id in ids:
        try:
            finish_erasure(erasure_id=erasure_id)
            finished += 1
        except InvalidToken:
            log.error(
                "erasure_unreadable", erasure=str(erasure_id), advice="Set SECRET_KEY_FALLBACKS to the former key."
            )
        except Exception as error:
            if isinstance(error, Error) and not connection.is_usable():
                raise
            log.exception("erasure_failed", erasure=str(erasure_id))
            errors.append(error)
    if errors:
        raise ExceptionGroup(f"{len(errors)} of {len(ids)} erasures failed.", errors)
    return finished
