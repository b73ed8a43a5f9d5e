"""Someone wants something: a Lead, always with the conversation it came from."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import connection, models
from django.db.models import Q
from django.db.models.functions import Upper

from conversations.models import Conversation, Message
from leads.first_messages import DETAILS_MAX_LENGTH
from leads.models.imports import ImportRun
from leads.models.known import KnownLeads
from leads.models.received import ReceivedLeads
from leadsite.core.arrays import array
from leadsite.core.models import OwnedModel
from leadsite.core.statements import fetch_rows

LOST_REASON_MAX_LENGTH = 1000
EXTERNAL_ID_MAX_LENGTH = 200


class LeadType(models.TextChoices):
    ORDER = "order"
    BOOKING = "booking"
    INQUIRY = "inquiry"


class LeadStatus(models.TextChoices):
    NEW = "new"
    CONTACTED = "contacted"
    QUALIFIED = "qualified"
    CONVERTED = "converted"
    LOST = "lost"


class LeadSource(models.TextChoices):
    API = "api", "REST API"
    WHATSAPP = "whatsapp", "WhatsApp"
    MANUAL = "manual"
    IMPORT = "import"
    ADMIN = "admin"
    SQL = "sql", "SQL"


class LeadRow(NamedTuple):
    """A lead to be inserted. `referral`: a JSON document as text."""

    user_id: UUID
    conversation_id: UUID
    type: str
    source: str
    details: str = ""
    status: str = "new"
    external_id: str | None = None
    import_run_id: UUID | None = None
    first_message_id: UUID | None = None
    referral: str | None = None


class LeadManager(ReceivedLeads["Lead"], KnownLeads["Lead"]):
    """Reads and writes of leads by lists: one statement for one and for five thousand."""

    def insert(self, rows: Sequence[LeadRow]) -> list[UUID]:
        """Insert leads; return their ids in the order of `rows`, which is also their order as the newest. Caller holds
        the transaction and has locked the customers.

        Raises django.db.IntegrityError: leads_external_id_unique, and the rules of the table.
        """
        if not rows:
            return []
        inserted = fetch_rows(_INSERT, [array(column) for column in zip(*rows, strict=True)])
        return [lead_id for (lead_id,) in inserted]

    def open_of(self, customer_id: UUID, *, limit: int) -> list[UUID]:
        """The ids of a customer's leads that nobody has closed, the newest first."""
        with connection.cursor() as cursor:
            cursor.execute(_OPEN_OF, [customer_id, limit])
            return [lead_id for (lead_id,) in cursor.fetchall()]


# The one INSERT of leads in Python. The ids are made before the rows, so that each is known to belong to its row. now()
# is the time of the transaction: a lead bears the same as conversation and customer that came with it (see undo.py).
_INSERT: Final = """
    WITH given AS MATERIALIZED (
        SELECT uuid_v7() AS id, lead.* FROM unnest(
            %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::uuid[], %s::uuid[],
            %s::jsonb[]) WITH ORDINALITY AS lead (user_id, conversation_id, type, source, details, status, external_id,
                                                import_run_id, first_message_id, referral, n)
    ), made AS (
        INSERT INTO leads (id, user_id, conversation_id, type, source, details, status, external_id, import_run_id,
                           first_message_id, referral, created_at, updated_at)
        SELECT id, user_id, conversation_id, type, source, details, status, external_id, import_run_id,
               first_message_id, referral, now(), now()
        FROM given ORDER BY n
    )
    SELECT id FROM given ORDER BY n
"""
_OPEN_OF: Final = """
    SELECT l.id FROM conversations AS c
    CROSS JOIN LATERAL (
        SELECT id FROM leads WHERE conversation_id = c.id AND status IN ('new', 'contacted', 'qualified') OFFSET 0
    ) AS l
    WHERE c.customer_id = %s
    ORDER BY l.id DESC LIMIT %s
"""


class Lead(OwnedModel):
    """What one customer wants. Made by leads.services.create and leads.services.receive, through LeadManager.insert."""

    Type = LeadType
    Status = LeadStatus
    Source = LeadSource

    conversation = models.ForeignKey(
        Conversation, models.PROTECT, db_constraint=False, db_index=False, related_name="leads"
    )
    type = models.CharField(choices=Type)
    details = models.TextField(blank=True, default="", db_default="", help_text="What the customer wants.")
    status = models.CharField(choices=Status, default=Status.NEW, db_default=Status.NEW)
    lost_reason = models.TextField(blank=True, default="", db_default="", help_text="Why it was lost.")
    # Counts the changes, by whomever: see count_versions.sql.
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    source = models.CharField(choices=Source, editable=False)
    external_id = models.CharField(
        null=True, blank=True, help_text="The id of this lead in the system that sent it; unique for the business."
    )
    first_message = models.ForeignKey(
        Message,
        models.PROTECT,
        null=True,
        editable=False,
        db_constraint=False,
        db_index=False,
        related_name="+",
        help_text="The message by which the customer came; the details are its text until somebody changes them.",
    )
    referral = models.JSONField(
        null=True, editable=False, help_text="The advertisement or post that brought the customer, as WhatsApp tells."
    )
    # No foreign key: with one, each row of a file would lock its run's row once more.
    import_run = models.ForeignKey(
        ImportRun,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        db_constraint=False,
        db_index=False,
        related_name="leads",
    )
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="assigned_leads",
    )

    objects = LeadManager()

    class Meta:
        db_table = "leads"
        indexes = [
            # Read by "the leads of this conversation", and by the foreign key when a conversation is erased.
            models.Index(fields=["conversation"], name="leads_by_conversation"),
            # Read when a login is deleted, to take it off its leads; nearly every row is outside it.
            models.Index(fields=["assigned_to"], condition=Q(assigned_to__isnull=False), name="leads_by_assigned_to"),
            # Read by undo_import, and by the page of a run.
            models.Index(
                fields=["import_run", "id"], condition=Q(import_run__isnull=False), name="leads_by_import_run"
            ),
            # Read by GET /api/leads with a status or source that few leads have, newest or oldest first.
            models.Index(fields=["user", "status", "id"], name="leads_by_status"),
            models.Index(fields=["user", "source", "id"], name="leads_by_source"),
            # Read by GET /api/leads with created_after and created_before.
            models.Index(fields=["user", "created_at"], name="leads_by_time"),
            # Read by the search for words. What is new waits in a list of at most 1 MB: what a search reads besides,
            # and what the writer who fills it has to put in order.
            GinIndex(
                OpClass(Upper("details"), name="gin_trgm_ops"),
                name="leads_by_words",
                gin_pending_list_limit=1024,
            ),
            # Read by the foreign key when a message is erased.
            models.Index(
                fields=["first_message"], condition=Q(first_message__isnull=False), name="leads_by_first_message"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "id"], name="leads_owner_unique"),
            models.UniqueConstraint(
                fields=["user", "external_id"],
                condition=Q(external_id__isnull=False),
                name="leads_external_id_unique",
                violation_error_message="Another lead has this external id.",
            ),
            models.CheckConstraint(condition=Q(type__in=LeadType.values), name="leads_type_valid"),
            models.CheckConstraint(
                condition=Q(status__in=LeadStatus.values),
                name="leads_status_valid",
            ),
            models.CheckConstraint(
                condition=Q(source__in=LeadSource.values),
                name="leads_source_valid",
            ),
            models.CheckConstraint(
                condition=Q(details__length__lte=DETAILS_MAX_LENGTH),
                name="leads_details_length",
                violation_error_message=f"Details have at most {DETAILS_MAX_LENGTH} characters.",
            ),
            models.CheckConstraint(
                condition=Q(lost_reason__length__lte=LOST_REASON_MAX_LENGTH),
                name="leads_lost_reason_length",
                violation_error_message=f"A reason has at most {LOST_REASON_MAX_LENGTH} characters.",
            ),
            models.CheckConstraint(
                condition=Q(external_id__length__gte=1) & Q(external_id__length__lte=EXTERNAL_ID_MAX_LENGTH),
                name="leads_external_id_length",
                violation_error_message=f"An external id has 1 to {EXTERNAL_ID_MAX_LENGTH} characters.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} of {self.conversation.customer}"
