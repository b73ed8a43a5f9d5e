"""The model Lead: a customer's order, booking or inquiry, always with a conversation."""

from typing import Final

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.models import Conversation, Message
from conversations.search.folding import Folded
from leads.first_messages import DETAILS_MAX_LENGTH
from leads.models.creation import LeadCreationManager
from leads.models.deletion import DeletionManager
from leads.models.imports import ImportRun
from leads.models.inbound import InboundLeadManager
from leads.models.lookups import LeadLookupManager
from leads.models.statuses import OPEN_STATUSES, LeadStatus
from leadsite.core.models import NotDeletedManager, OwnedModel, person_key
from leadsite.languages.texts import filled

LOST_REASON_MAX_LENGTH = 1000
EXTERNAL_ID_MAX_LENGTH = 200


class LeadType(models.TextChoices):
    ORDER = "order", _("Order")
    BOOKING = "booking", _("Booking")
    INQUIRY = "inquiry", _("Inquiry")


class LeadSource(models.TextChoices):
    API = "api", _("REST API")
    WHATSAPP = "whatsapp", _("WhatsApp")
    MANUAL = "manual", _("Manual")
    IMPORT = "import", _("Import")
    ADMIN = "admin", _("Admin")
    SQL = "sql", _("SQL")


class LeadManager(
    LeadCreationManager["Lead"],
    DeletionManager["Lead"],
    InboundLeadManager["Lead"],
    LeadLookupManager["Lead"],
    NotDeletedManager["Lead"],
):
    """Reads and writes lists of leads, each in one statement whatever the length."""


_LIVE: Final = Q(deleted_at__isnull=True)
_DELETED: Final = Q(deleted_at__isnull=False)


class Lead(OwnedModel):
    """A customer's order, booking or inquiry. Every row is inserted by LeadCreationManager, or by the SQL functions."""

    Type = LeadType
    Status = LeadStatus
    Source = LeadSource

    conversation = models.ForeignKey(
        Conversation, models.PROTECT, db_constraint=False, db_index=False, related_name="leads"
    )
    type = models.CharField(choices=Type)
    details = models.TextField(blank=True, default="", db_default="", help_text=_("What the customer wants."))
    status = models.CharField(choices=Status, default=Status.NEW, db_default=Status.NEW)
    lost_reason = models.TextField(blank=True, default="", db_default="", help_text=_("Why it was lost."))
    # Incremented by a trigger at every change: see count_versions.sql.
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    source = models.CharField(choices=Source, editable=False)
    external_id = models.CharField(
        null=True, blank=True, help_text=_("The id of this lead in the system that sent it; unique for the business.")
    )
    first_message = models.ForeignKey(
        Message,
        models.PROTECT,
        null=True,
        editable=False,
        db_constraint=False,
        db_index=False,
        related_name="+",
        help_text=_("The customer's first message; the details are its text until they are edited."),
    )
    referral = models.JSONField(
        null=True,
        editable=False,
        help_text=_("The advertisement or post that brought the customer, from WhatsApp."),
    )
    # No foreign key: with one, each row of a file would lock the run's row.
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
    import_line = models.PositiveIntegerField(
        null=True, editable=False, help_text=_("The line of the file that it comes from.")
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
    follow_up_at = models.DateTimeField(
        _("next follow-up"), null=True, blank=True, help_text=_("When to get in touch again: the chat comes back then.")
    )
    # Null unless it was deleted (leads/services/delete.py); the worker removes the row after DELETED_DAYS.
    deleted_at = models.DateTimeField(null=True, editable=False)
    # Null for a deletion by SQL.
    deleted_by = person_key()

    objects = LeadManager()
    all_objects: models.Manager["Lead"] = models.Manager()

    class Meta:
        db_table = "leads"
        indexes = [
            # Read to find a conversation's leads, and by the foreign key when a conversation is deleted.
            models.Index(fields=["conversation"], name="leads_by_conversation"),
            # Read by the list of a person's leads, and when a user is deleted, to unassign theirs.
            models.Index(
                fields=["assigned_to", "id"], condition=Q(assigned_to__isnull=False), name="leads_by_assigned_to"
            ),
            # Read by undo_import and by the admin page of an import.
            models.Index(
                fields=["import_run", "id"], condition=Q(import_run__isnull=False), name="leads_by_import_run"
            ),
            # Read by GET /api/leads with a status or source that few leads have, in either order.
            models.Index(fields=["user", "status", "created_at", "id"], name="leads_by_status"),
            models.Index(fields=["user", "source", "created_at", "id"], name="leads_by_source"),
            # Read by GET /api/leads with created_after and created_before.
            models.Index(fields=["user", "created_at", "id"], name="leads_by_time"),
            # Read by GET /api/leads with updated_after: clients that ask for what has changed since.
            models.Index(fields=["user", "updated_at"], name="leads_by_change"),
            # Read by the lists of deleted leads, of the admin and of the API; the third by the worker, which removes
            # those of long ago; the fourth when a user is deleted.
            models.Index(fields=["user", "deleted_at", "id"], condition=_DELETED, name="leads_deleted"),
            models.Index(fields=["user", "created_at", "id"], condition=_DELETED, name="leads_deleted_created"),
            models.Index(fields=["deleted_at"], condition=_DELETED, name="leads_deleted_by_time"),
            models.Index(fields=["deleted_by"], condition=Q(deleted_by__isnull=False), name="leads_by_deleted_by"),
            # Read by the inbox: open leads whose follow-up is due.
            models.Index(
                fields=["user", "follow_up_at", "id"],
                condition=Q(follow_up_at__isnull=False, status__in=OPEN_STATUSES) & _LIVE,
                name="leads_to_follow_up",
            ),
            # Read by the search. New entries go to a pending list of at most 1 MB, which every search reads and which
            # the writer who fills it merges into the index.
            GinIndex(
                OpClass(Folded("details"), name="gin_trgm_ops"),
                name="leads_by_words",
                gin_pending_list_limit=1024,
            ),
            # Read by the foreign key when a message is deleted.
            models.Index(
                fields=["first_message"], condition=Q(first_message__isnull=False), name="leads_by_first_message"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "id"], name="leads_owner_unique"),
            models.UniqueConstraint(
                fields=["user", "external_id"],
                condition=Q(external_id__isnull=False) & _LIVE,
                name="leads_external_id_unique",
                violation_error_message=_("Another lead has this external id."),
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
                violation_error_message=filled(
                    _("Details have at most %(details_max_length)s characters."), details_max_length=DETAILS_MAX_LENGTH
                ),
            ),
            models.CheckConstraint(
                condition=Q(lost_reason__length__lte=LOST_REASON_MAX_LENGTH),
                name="leads_lost_reason_length",
                violation_error_message=filled(
                    _("A reason has at most %(lost_reason_max_length)s characters."),
                    lost_reason_max_length=LOST_REASON_MAX_LENGTH,
                ),
            ),
            models.CheckConstraint(
                condition=Q(external_id__length__gte=1) & Q(external_id__length__lte=EXTERNAL_ID_MAX_LENGTH),
                name="leads_external_id_length",
                violation_error_message=filled(
                    _("An external id has 1 to %(external_id_max_length)s characters."),
                    external_id_max_length=EXTERNAL_ID_MAX_LENGTH,
                ),
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(get_type_display)s of %(customer)s") % {
            "get_type_display": self.get_type_display(),
            "customer": self.conversation.customer,
        }


class DeletedLeadManager(models.Manager["DeletedLead"]):
    def get_queryset(self) -> models.QuerySet["DeletedLead"]:
        return super().get_queryset().filter(deleted_at__isnull=False)


class DeletedLead(Lead):
    """The deleted leads, for their pages in the admin."""

    objects = DeletedLeadManager()  # type: ignore[misc,assignment] # other rows than those of Lead.objects

    class Meta:
        proxy = True
