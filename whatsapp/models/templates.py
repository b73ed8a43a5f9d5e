"""Message templates of businesses, as their providers last listed them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadsite.core.arrays import array, column_arrays
from leadsite.core.models import OwnedModel
from leadsite.core.statements import fetch_rows

TEMPLATE_NAME_MAX_LENGTH = 512  # Meta's limit of a template's name
WORD_MAX_LENGTH = 50  # of a language, a category, a status and an id
MARKETING = "marketing"

# A status that a delivery has reported since the list was requested stays. Rows without a change are not written.
_STORE: Final = """
    INSERT INTO message_templates AS t
        (user_id, waba_id, name, language, provider_id, category, status, components, status_at)
    SELECT %s, %s, name, language, provider_id, category, status, components, %s
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::jsonb[])
        AS listed (name, language, provider_id, category, status, components)
    ON CONFLICT (user_id, name, language, waba_id) DO UPDATE SET
        provider_id = excluded.provider_id, category = excluded.category, components = excluded.components,
        status = CASE WHEN t.status_at > excluded.status_at THEN t.status ELSE excluded.status END,
        status_at = greatest(t.status_at, excluded.status_at), updated_at = now()
    WHERE (t.provider_id, t.category, t.components, t.status)
        IS DISTINCT FROM (excluded.provider_id, excluded.category, excluded.components, excluded.status)
"""
# An older report changes nothing.
_REPORT: Final = """
    UPDATE message_templates AS t SET
        status = coalesce(nullif(given.status, ''), t.status),
        category = coalesce(nullif(given.category, ''), t.category),
        status_at = CASE WHEN given.status = '' THEN t.status_at ELSE given.at END, updated_at = now()
    FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])
        AS given (user_id, waba_id, name, language, status, category, at)
    WHERE t.id = (
        SELECT k.id FROM message_templates AS k WHERE k.user_id = given.user_id AND k.name = given.name
            AND k.language = given.language AND k.waba_id = given.waba_id
    ) AND t.status_at < given.at
    RETURNING t.id
"""


class TemplateReport(NamedTuple):
    """The status or the category of a template as of `at`, in lower case; "" where it has not changed."""

    user_id: UUID
    waba_id: str
    name: str
    language: str
    status: str
    category: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTemplate:
    """A template as Meta lists it; `category` and `status` in lower case."""

    name: str
    language: str
    provider_id: str
    category: str
    status: str
    components: list[Any]


class TemplateManager(models.Manager["MessageTemplate"]):
    """Reads and writes templates."""

    def store(self, *, user_id: UUID, waba_id: str, templates: Sequence[ListedTemplate], listed_at: datetime) -> None:
        """Insert or update the templates of one account, in one statement; at most one for each name and language.

        Locks the rows in the order of (name, language). Raises django.db.Error.
        """
        ordered = sorted(templates, key=lambda one: (one.name, one.language))
        columns = [
            array(getattr(one, column) for one in ordered)
            for column in ("name", "language", "provider_id", "category", "status")
        ]
        components = array(json.dumps(one.components) for one in ordered)
        fetch_rows(_STORE, [user_id, waba_id, listed_at, *columns, components])

    def report(self, reports: Sequence[TemplateReport]) -> int:
        """Store statuses and categories that deliveries report, at most one for each template; return how many rows
        have changed. Unknown templates are left out: the next synchronisation inserts them.

        Caller holds the transaction. Raises django.db.Error.
        """
        ordered = sorted(reports)
        return len(fetch_rows(_REPORT, column_arrays(ordered))) if ordered else 0

    def find(self, *, user_id: UUID, waba_id: str, name: str, language: str) -> "MessageTemplate | None":
        """Return the business's template of this name and language in this account; for "", in any of its accounts."""
        found = self.filter(user_id=user_id, name=name, language=language)
        return (found.filter(waba_id=waba_id) if waba_id else found.order_by("-pk")).first()


class MessageTemplate(OwnedModel):
    """A template of a WhatsApp Business account: a text with placeholders, which Meta has approved or not.

    `category` is what Meta charges it as: marketing, utility or authentication; marketing is refused for customers who
    have opted out. `status` is approved, pending, rejected, paused, disabled …; both may get new values at Meta.
    """

    waba_id = models.CharField(_("WhatsApp Business account id"))
    name = models.CharField()
    language = models.CharField()
    provider_id = models.CharField(_("id at Meta"), blank=True, default="", db_default="")
    category = models.CharField(blank=True, default="", db_default="")
    status = models.CharField(blank=True, default="", db_default="")
    components = models.JSONField(default=list, blank=True, db_default=[])
    # As of when the status is known: deliveries and lists may arrive in any order.
    status_at = models.DateTimeField(editable=False)

    objects = TemplateManager()

    class Meta:
        db_table = "message_templates"
        verbose_name = _("message template")
        constraints = [
            models.UniqueConstraint(fields=["user", "name", "language", "waba_id"], name="message_templates_unique"),
            models.CheckConstraint(
                condition=Q(name__length__gte=1) & Q(name__length__lte=TEMPLATE_NAME_MAX_LENGTH),
                name="message_templates_name_length",
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{column}__length__lte": WORD_MAX_LENGTH}),
                    name=f"message_templates_{column}_length",
                )
                for column in ("language", "category", "status")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"

    @property
    def is_marketing(self) -> bool:
        return self.category == MARKETING
