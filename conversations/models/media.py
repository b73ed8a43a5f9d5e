"""The model StoredMedia: a file of a message, and where its bytes are."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import OuterRef, Q
from django.db.models.functions import JSONObject
from django.utils.translation import gettext_lazy as _

from conversations.message_parts import Media
from conversations.models.messages import Message
from leadsite.core.arrays import array
from leadsite.core.models import OwnedModel
from leadsite.core.statements import fetch_rows

NAME_MAX_LENGTH: Final = 200

_ADD: Final = """
    INSERT INTO stored_media (user_id, message_id, position, provider_id, provider_url, mime_said, state, due_at)
    SELECT user_id, message_id, position, provider_id, provider_url, mime_said, 'waiting', statement_timestamp()
    FROM unnest(%s::uuid[], %s::uuid[], %s::integer[], %s::text[], %s::text[], %s::text[])
        AS given (user_id, message_id, position, provider_id, provider_url, mime_said)
    ON CONFLICT (message_id, position) DO NOTHING
"""
# `state || ''` matches no partial index: only the ids that were locked are read.
_CLAIM: Final = """
    WITH due AS MATERIALIZED (
        SELECT s.id FROM stored_media AS s WHERE s.state = 'waiting' AND s.due_at <= statement_timestamp()
            AND s.message_id IS NOT NULL
        ORDER BY s.due_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE stored_media AS s
    SET attempts = s.attempts + 1, due_at = statement_timestamp() + %(lease)s, updated_at = now()
    FROM messages AS m WHERE s.id = ANY (ARRAY(SELECT id FROM due)) AND m.id = s.message_id
    RETURNING s.id, s.user_id, s.attempts, m.channel_id, m.kind, s.provider_id, s.provider_url, s.mime_said
"""
# When a file is tried again, or its lease ends: after the clock was moved back by more than a lease can be ahead of it.
# A file that was never claimed has no lease.
_MOVE_TIMES: Final = """
    UPDATE stored_media SET due_at = due_at + %(by)s WHERE id = ANY (ARRAY(
        SELECT id FROM stored_media WHERE state = 'waiting' AND due_at > statement_timestamp()
            + CASE WHEN attempts = 0 THEN interval '0' ELSE %(lease)s END
        FOR NO KEY UPDATE SKIP LOCKED))
"""
# The bytes of these are deleted, and then their rows: see conversations/services/media.py.
_ORPHANS: Final = """
    SELECT id, name, thumbnail_name FROM stored_media
    WHERE message_id IS NULL AND id > %s ORDER BY id LIMIT %s
"""
# One look-up for each name: the condition is that of the index of names.
_NAMED: Final = """
    SELECT given.name FROM unnest(%s::text[]) AS given (name)
    CROSS JOIN LATERAL (SELECT 1 FROM stored_media AS s WHERE s.name = given.name AND s.name <> '' LIMIT 1) AS found
"""


class MediaState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    STORED = "stored", _("Stored")
    EXPIRED = "expired", _("Expired")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Failed")


class NewMedia(NamedTuple):
    """A file of a message that has arrived, and is to be fetched."""

    user_id: UUID
    message_id: UUID
    position: int
    media: Media


class DueMedia(NamedTuple):
    """A file to fetch, leased to a worker; `attempts` distinguishes this lease from others."""

    id: UUID
    user_id: UUID
    attempts: int
    channel_id: UUID | None
    kind: str
    provider_id: str
    provider_url: str
    mime_said: str


class Orphan(NamedTuple):
    """A file whose message is gone."""

    id: UUID
    name: str
    thumbnail_name: str


class StoredMediaManager(models.Manager["StoredMedia"]):
    def add(self, files: Sequence[NewMedia]) -> int:
        """Store that these files are to be fetched; return how many. Those that are stored stay as they are. One
        statement, none without files. Caller holds the transaction.
        """
        wanted = [file for file in files if file.media.get("id") or file.media.get("url")]
        if wanted:
            fetch_rows(
                _ADD,
                [
                    array(file.user_id for file in wanted),
                    array(file.message_id for file in wanted),
                    array(file.position for file in wanted),
                    array(file.media.get("id") or "" for file in wanted),
                    array(file.media.get("url") or "" for file in wanted),
                    array(file.media.get("mime_type") or "" for file in wanted),
                ],
            )
        return len(wanted)

    def claim(self, *, limit: int, lease: timedelta) -> list[DueMedia]:
        """Lease files that are due, longest due first. Locked rows are skipped. Caller holds the transaction."""
        return [DueMedia(*row) for row in fetch_rows(_CLAIM, {"limit": limit, "lease": lease})]

    def move_times(self, by: timedelta, *, lease: timedelta) -> None:
        """Move the times of files to fetch that are ahead of the clock. Caller holds the transaction."""
        fetch_rows(_MOVE_TIMES, {"by": by, "lease": lease})

    def orphans(self, *, after: UUID, limit: int) -> list[Orphan]:
        """Return files whose message is gone, in the order of their ids, after one of them."""
        return [Orphan(*row) for row in fetch_rows(_ORPHANS, [after, limit])]

    def named(self, names: Collection[str]) -> set[str]:
        """Return those of the names in the storage that a file has."""
        return {name for (name,) in fetch_rows(_NAMED, [array(names)])}


class StoredMedia(OwnedModel):
    """A file of a message: `position` is that in `parts["media"]`, which has its name and caption.

      waiting  the provider has it; it is fetched at `due_at`. After a failed attempt `reason` says why
      stored   its bytes are in the storage "media", as `name`
      expired  the provider has it no more
      refused  it is too large, or not what it claims to be; `reason` says which
      failed   it could not be fetched for days; `reason` says why

    When its message is deleted `message` becomes null, by the foreign key: the bytes are deleted soon, then the row.
    """

    State = MediaState

    message = models.ForeignKey(
        Message, models.SET_NULL, null=True, db_constraint=False, db_index=False, related_name="files"
    )
    position = models.PositiveSmallIntegerField(default=0, db_default=0)
    provider_id = models.CharField(blank=True, default="", db_default="")
    provider_url = models.TextField(blank=True, default="", db_default="")
    # The type that the provider named, and the one that the content has.
    mime_said = models.CharField(blank=True, default="", db_default="")
    mime_found = models.CharField(blank=True, default="", db_default="")
    size = models.BigIntegerField(null=True, help_text="In bytes.")
    sha256 = models.CharField(blank=True, default="", db_default="", help_text="Of the stored bytes, in hexadecimal.")
    # Names in the storage; "" where there is none.
    name = models.CharField(blank=True, default="", db_default="")
    thumbnail_name = models.CharField(blank=True, default="", db_default="")
    state = models.CharField(choices=MediaState, default=MediaState.WAITING, db_default=MediaState.WAITING)
    reason = models.TextField(blank=True, default="", db_default="")
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    due_at = models.DateTimeField(null=True)

    objects = StoredMediaManager()

    class Meta:
        db_table = "stored_media"
        verbose_name = _("file")
        indexes = [
            # Read by claim.
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="stored_media_due"),
            # Read by orphans.
            models.Index(fields=["id"], condition=Q(message__isnull=True), name="stored_media_orphans"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["message", "position"], name="stored_media_position_unique"),
            models.UniqueConstraint(fields=["name"], condition=~Q(name=""), name="stored_media_name_unique"),
            models.CheckConstraint(condition=Q(state__in=MediaState.values), name="stored_media_state_valid"),
            models.CheckConstraint(condition=~Q(state="stored") | ~Q(name=""), name="stored_media_has_bytes"),
        ]

    def __str__(self) -> str:
        return f"{self.mime_found or self.mime_said}, {self.state}"


def with_files(messages: models.QuerySet[Message]) -> models.QuerySet[Message]:
    """Annotate each message with `stored_files`: a list of objects, one for each file that has a row."""
    columns = ("id", "position", "mime_found", "size", "thumbnail_name", "state", "reason")
    own = StoredMedia.objects.filter(message=OuterRef("pk")).order_by("position")
    fields: dict[str, Any] = {name: name for name in columns}
    return messages.annotate(stored_files=ArraySubquery(own.values(json=JSONObject(**fields))))
