"""Where Django keeps sessions (SESSION_ENGINE): in the table of models.Session.

A session ends SESSION_IDLE_HOURS after the last request and SESSION_MAX_DAYS after the login, whichever is first.
"""

import hashlib
from datetime import timedelta
from typing import Any, Final, NamedTuple

import structlog
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import Error, IntegrityError, transaction
from django.http import HttpRequest

from leadsite.accounts.sessions.models import BROWSER_LENGTH, Session, ends_at, limits
from leadsite.core import clock

log = structlog.get_logger(__name__)

# "Last seen" is written once in so long at most.
SEEN_EVERY: Final = timedelta(minutes=1)


class Visitor(NamedTuple):
    """Where a request comes from."""

    address: str = ""
    browser: str = ""


def visitor_of(request: HttpRequest) -> Visitor:
    browser = request.META.get("HTTP_USER_AGENT", "").replace("\0", "")
    return Visitor(request.META.get("REMOTE_ADDR", ""), browser[:BROWSER_LENGTH])


def hashed(session_key: str) -> str:
    """Return what the table has in place of the key in a cookie, which is random."""
    return hashlib.sha256(session_key.encode(errors="surrogatepass")).hexdigest()


class SessionStore(DatabaseStore):
    """Django's store in the database, with hashed keys, times, and who it is of."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self.visitor = Visitor()
        self._row: Session | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    @property
    def row_key(self) -> str:
        """The primary key of this session's row; "" where it has none yet."""
        return hashed(self.session_key) if self.session_key else ""

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(session_key=hashed(session_key)).exists()

    def _get_session_from_db(self) -> Session | None:
        self._row = Session.objects.filter(session_key=self.row_key, expire_date__gt=clock.now()).first()
        if self._row is None:
            self._session_key = None
        return self._row

    def save(self, must_create: bool = False) -> None:
        """Raises CreateError, UpdateError where the session has been ended meanwhile, django.db.Error."""
        if self.session_key is None:
            self.create()
            return
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined] # not in the stubs
        columns = {"session_data": self.encode(data), "user_id": data.get(SESSION_KEY), **self.visitor._asdict()}
        if must_create:
            self._insert(columns)
        elif not self._mine().update(expire_date=ends_at(columns["user_id"]), last_seen_at=clock.now(), **columns):
            raise UpdateError

    def touch(self) -> None:
        """Note that this session was used now. Without an answer from the database it is noted by a later request."""
        now = clock.now()
        row = self._row
        if row is None or row.user_id is None or now - row.last_seen_at < SEEN_EVERY:
            return
        mine = self._mine().filter(last_seen_at=row.last_seen_at)
        try:
            mine.update(expire_date=ends_at(row.user_id), last_seen_at=now, **self.visitor._asdict())
        except Error:
            log.warning("session_not_noted", exc_info=True)

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            Session.objects.filter(session_key=hashed(key)).delete()

    def _mine(self) -> Any:
        return Session.objects.filter(session_key=self.row_key)

    def _insert(self, columns: dict[str, Any]) -> None:
        now = clock.now()
        ends = now + min(limits(columns["user_id"]))
        try:
            with transaction.atomic():
                Session.objects.create(
                    session_key=self.row_key, started_at=now, last_seen_at=now, expire_date=ends, **columns
                )
        except IntegrityError as error:
            raise CreateError from error
