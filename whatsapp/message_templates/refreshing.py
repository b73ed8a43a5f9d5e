"""Service by which workers read templates from Meta: of all businesses regularly, of one where somebody has asked; and
what is known of the last time.

Note [One at a time]: Meta may take ten seconds to answer nothing, for each account. A process has one reading of all
and one of those who have asked at a time, so that jobs of other kinds are done meanwhile. In memory, because a killed
worker would not release a lock of a job.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import Error, transaction
from django.utils.translation import gettext_noop
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import AlreadyEnqueued

from leadsite.core.transactions import queue_job
from whatsapp.message_templates.sync import sync_templates
from whatsapp.models import Channel
from whatsapp.outbound.providers import CONSOLE

REFRESH: Final = "whatsapp.tasks.refresh_templates_of"
# No account is begun after this: the next reading is due soon, and begins with those that this one has not reached.
ALL_SECONDS: Final = 300.0
# See Note [One at a time]: who reads has the turn, also for businesses that ask meanwhile.
_turn_of_all: Final = threading.Lock()
_turn_of_asking: Final = threading.Lock()
_asking: Final = deque[UUID]()
NO_ACCOUNT: Final = gettext_noop(
    "No number of this business has a WhatsApp Business account id yet. It comes with the first delivery from Meta, or"
    " enter it on the page of the number."
)
DEMO: Final = gettext_noop(
    "This site runs without WhatsApp (WHATSAPP_BACKEND is console), so no templates are read from Meta."
)


@dataclass(frozen=True, slots=True)
class Reading:
    """When the templates of an account were last read, and why that failed, or cannot be; "" where it did not."""

    account: str
    read_at: datetime | None
    error: str


def readings_of(user_id: UUID) -> list[Reading]:
    """Return the last reading of each account of a business; one query."""
    rows = Channel.objects.filter(user_id=user_id, active=True, provider=Channel.Provider.CLOUD).exclude(waba_id="")
    newest: dict[str, Reading] = {}
    for account, read_at, error in rows.values_list("waba_id", "templates_read_at", "templates_error"):
        known = newest.get(account)
        if known is None or (read_at and (known.read_at is None or read_at > known.read_at)):
            newest[account] = Reading(account, read_at, error)
    return [newest[account] for account in sorted(newest)]


def problem_of_reading(user_id: UUID) -> str:
    """Return why the templates of a business are not read, or could not be; "" where they are."""
    if settings.WHATSAPP_BACKEND == CONSOLE:
        return DEMO
    readings = readings_of(user_id)
    if not readings:
        return NO_ACCOUNT
    return next((reading.error for reading in readings if reading.error), "")


def request_refresh(*, user_id: UUID) -> None:
    """Have a worker read the templates of a business, unless it is about to. Opens the transaction.

    Raises django.db.Error.
    """
    lock = f"refresh_templates {user_id}"
    if ProcrastinateJob.objects.filter(queueing_lock=lock, status="todo").exists():
        return
    try:
        # Two requests at the same moment: the second finds the lock of the first taken; its savepoint ends.
        with transaction.atomic():
            queue_job(REFRESH, lock=lock, user_id=str(user_id))
    except AlreadyEnqueued:
        return


def refresh_all(*, should_stop: Callable[[], bool]) -> None:
    """Read the templates of all businesses, unless this process does so already: see Note [One at a time]. Opens
    transactions. Raises django.db.Error.
    """
    end = time.monotonic() + ALL_SECONDS
    if _turn_of_all.acquire(blocking=False):
        try:
            sync_templates(should_stop=lambda: should_stop() or time.monotonic() > end)
        finally:
            _turn_of_all.release()


def refresh_asked(*, user_id: UUID, should_stop: Callable[[], bool]) -> None:
    """Read the templates of a business that has asked, or leave it to who reads for another: see Note [One at a time].
    Where that stops or fails, those who have not been read are queued again. Opens transactions. Raises
    django.db.Error.
    """
    _asking.append(user_id)
    try:
        while _asking and not should_stop() and _turn_of_asking.acquire(blocking=False):
            try:
                _read_asking(user_id, should_stop)
            finally:
                _turn_of_asking.release()
    except Exception:
        # After the turn has ended: who asks from then on has it.
        _queue_asking()
        raise
    if should_stop():
        _queue_asking()


def _read_asking(own: UUID, should_stop: Callable[[], bool]) -> None:
    """Read for all who ask; caller has the turn. `own`: of the caller's job, which fails where its reading does."""
    while not should_stop() and (user_id := _next_asking()):
        try:
            sync_templates(user_id=user_id, should_stop=should_stop)
        except Exception:
            if user_id != own:
                _asking.appendleft(user_id)
            raise
        if should_stop():
            _asking.appendleft(user_id)  # perhaps not all of its accounts have been read


def _queue_asking() -> None:
    while user_id := _next_asking():
        try:
            request_refresh(user_id=user_id)
        except Error:
            _asking.appendleft(user_id)  # for who asks next
            raise


def _next_asking() -> UUID | None:
    try:
        return _asking.popleft()
    except IndexError:  # taken by another thread, or nobody asks
        return None
