"""The models of bulk changes: one action of staff on many leads, and the leads that were chosen for it."""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from django.contrib.admin.models import CHANGE
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from leads.models.leads import Lead
from leadsite.core.arrays import array, column_arrays
from leadsite.core.models import OwnedModel, person_key
from leadsite.core.statements import fetch_rows
from leadsite.languages.texts import number


class BulkState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    FINISHED = "finished", _("Finished")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")
    UNDO_WAITING = "undo_waiting", _("Waiting to be undone")
    UNDOING = "undoing", _("Undoing")
    UNDONE = "undone", _("Undone")


class BulkChange(OwnedModel):
    """The same change to many leads, made in the admin (leads/bulk/).

    The life of a change:
      waiting       the leads are chosen (ChosenLead); a worker will process them
      running       chunks are processed, each in one transaction with the counts; `position` is the last lead done. If
                    the worker is killed, another one continues
      finished      all leads are processed
      cancelled     staff stopped it between two chunks; leads that were changed stay changed
      failed        it could not continue; `error` says why
      undo_waiting, undoing, undone
                    the same for the undo, with `undo_position`: it gives back what the change has written, where nobody
                    has written since
    `user` is the business of the leads; for a superuser's selection over several businesses, the superuser, and
    superusers only see it (`several`): the superuser may be a business with people, too.
    """

    State = BulkState

    person = person_key(verbose_name=_("by"), help_text=_("Who made the change."))
    several = models.BooleanField(default=False, editable=False)
    values = models.JSONField(help_text=_("What is written: status, type, assigned_to_id; deleted: true."))
    state = models.CharField(choices=State, default=State.WAITING)
    total = models.PositiveIntegerField(default=0, help_text=_("The number of chosen leads."))
    changed = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0, help_text=_("Had the value already."))
    refused = models.PositiveIntegerField(default=0, help_text=_("Their status does not allow it."))
    overtaken = models.PositiveIntegerField(default=0, help_text=_("Were changed after they had been chosen."))
    gone = models.PositiveIntegerField(default=0, help_text=_("Were deleted after they had been chosen."))
    restored = models.PositiveIntegerField(default=0, help_text=_("Changed leads that the undo gave back."))
    remaining = models.PositiveIntegerField(default=0, help_text=_("Changed leads that the undo left as they are."))
    position = models.UUIDField(null=True, editable=False)
    undo_position = models.UUIDField(null=True, editable=False)
    error = models.TextField(blank=True, default="")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "bulk_changes"
        constraints = [
            # Also read by the list of a business's bulk changes, newest first.
            models.UniqueConstraint(fields=["user", "id"], name="bulk_changes_owner_unique"),
            models.CheckConstraint(condition=Q(state__in=BulkState.values), name="bulk_changes_state_valid"),
            models.CheckConstraint(
                condition=Q(total__gte=F("changed") + F("same") + F("refused") + F("overtaken") + F("gone")),
                name="bulk_changes_adds_up",
            ),
        ]
        indexes = [
            # Read by the worker's sweep: the unfinished ones, which are few.
            models.Index(
                fields=["id"],
                condition=Q(state__in=["waiting", "running", "undo_waiting", "undoing"]),
                name="bulk_changes_unfinished",
            )
        ]

    def __str__(self) -> str:
        leads = ngettext("%(count)s lead", "%(count)s leads", self.total)
        return gettext("Bulk change of %(counted)s") % {"counted": leads % {"count": number(self.total)}}


class LeadValues(NamedTuple):
    """The columns of a lead that bulk changes write."""

    status: str
    type: str
    assigned_to_id: UUID | None
    lost_reason: str = ""


class Chosen(NamedTuple):
    """A chosen lead of a chunk: what it was when it was chosen. Business and customer: None where it is removed."""

    lead_id: UUID
    values: LeadValues
    business_id: UUID | None
    customer_id: UUID | None


class ChosenLeadManager(models.Manager["ChosenLead"]):
    """Reads and writes the chosen leads, whose number is unlimited: in the database, or a chunk at a time."""

    def choose(self, *, change_id: UUID, leads: QuerySet[Lead]) -> int:
        """Store which leads these are now, and their values; return their number. One statement.

        Memory does not depend on the number of leads, and leads that come later are not part of the change.
        """
        rows = leads.order_by().values("pk", *LeadValues._fields)
        query, parameters = rows.query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(_CHOOSE.format(query=query), [change_id, *parameters])
            return int(cursor.rowcount)

    def owners(self, change_id: UUID) -> list[UUID]:
        """Return the business of the chosen leads; two of them where there are several."""
        return [user_id for (user_id,) in fetch_rows(_OWNERS, [change_id])]

    def chunk(self, *, change_id: UUID, after: UUID | None, until: UUID | None, limit: int) -> list[Chosen]:
        """Return the next chosen leads without outcome, in the order of their ids."""
        rows = fetch_rows(_CHUNK, [change_id, after or _FIRST, until or _LAST, limit])
        return [
            Chosen(lead_id, LeadValues(*values), business_id, customer_id)
            for lead_id, *values, business_id, customer_id in rows
        ]

    def lock_leads(self, lead_ids: Collection[UUID]) -> dict[UUID, LeadValues]:
        """Lock leads in the order of their ids and return their values. Caller holds the transaction and has locked
        the customers.
        """
        return {lead_id: LeadValues(*values) for lead_id, *values in fetch_rows(_LOCK, [array(lead_ids)])}

    def write_leads(self, rows: Sequence[tuple[UUID, LeadValues]]) -> None:
        """Write the values of leads. Caller holds the transaction and has locked the leads."""
        if rows:
            ids = array(lead_id for lead_id, _ in rows)
            statuses, types, assignees, reasons = column_arrays(row for _, row in rows)
            fetch_rows(_WRITE, [ids, statuses, types, assignees, reasons, ids])

    def log_changes(self, *, person_id: UUID, lead_ids: Collection[UUID], message: str) -> None:
        """Write an entry in the admin's history of each lead. Caller holds the transaction.

        As LogEntry.objects.log_actions does for rows that Python has loaded.
        """
        if lead_ids:
            kind = ContentType.objects.get_for_model(Lead).pk
            fetch_rows(_LOG, [person_id, kind, CHANGE, message, array(lead_ids)])

    def set_outcomes(self, *, change_id: UUID, outcomes: Collection[tuple[UUID, str]]) -> None:
        """Store why leads were not changed. Caller holds the transaction."""
        if outcomes:
            lead_ids, reasons = column_arrays(outcomes)
            fetch_rows(_SET_OUTCOMES, [lead_ids, reasons, change_id])


class ChosenLead(models.Model):
    """A lead that was chosen for a bulk change, with its values at that moment. Written by ChosenLeadManager.

    `outcome` is why it was not changed; empty for a lead that was changed, or is not processed yet. There are as many
    rows as there are leads, so there is no foreign key, and they are deleted after a month.
    """

    pk = models.CompositePrimaryKey("change_id", "lead_id")
    change = models.ForeignKey(
        BulkChange, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="chosen"
    )
    lead_id = models.UUIDField()
    status = models.CharField()
    type = models.CharField()
    assigned_to_id = models.UUIDField(null=True)
    lost_reason = models.TextField(default="")
    outcome = models.CharField(default="")

    objects = ChosenLeadManager()

    class Meta:
        db_table = "bulk_change_leads"
        indexes = [
            # Read by the page of a bulk change: the leads that were not changed.
            models.Index(fields=["change", "lead_id"], condition=~Q(outcome=""), name="bulk_change_leads_kept")
        ]

    def __str__(self) -> str:
        return str(self.lead_id)


_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)
# A search may find a lead twice. Sorted, so that the primary key grows at its end.
_CHOOSE: Final = """
    INSERT INTO bulk_change_leads (change_id, lead_id, status, type, assigned_to_id, lost_reason, outcome)
    SELECT %s, chosen.*, '' FROM ({query}) AS chosen ORDER BY 2
    ON CONFLICT DO NOTHING
"""
_OWNERS: Final = """
    SELECT DISTINCT l.user_id FROM bulk_change_leads AS chosen JOIN leads AS l ON l.id = chosen.lead_id
    WHERE chosen.change_id = %s LIMIT 2
"""
_CHUNK: Final = """
    SELECT chosen.lead_id, chosen.status, chosen.type, chosen.assigned_to_id, chosen.lost_reason,
           lead.user_id, place.customer_id
    FROM (SELECT * FROM bulk_change_leads WHERE change_id = %s AND lead_id > %s AND lead_id <= %s AND outcome = ''
          ORDER BY lead_id LIMIT %s) AS chosen
    LEFT JOIN LATERAL (SELECT l.user_id, l.conversation_id FROM leads AS l WHERE l.id = chosen.lead_id LIMIT 1)
        AS lead ON true
    LEFT JOIN LATERAL (SELECT c.customer_id FROM conversations AS c WHERE c.id = lead.conversation_id LIMIT 1) AS place
        ON true
    ORDER BY chosen.lead_id
"""
_LOCK: Final = """
    SELECT id, status, type, assigned_to_id, lost_reason FROM leads WHERE id = ANY (%s::uuid[]) AND deleted_at IS NULL
    ORDER BY id FOR UPDATE
"""
_WRITE: Final = """
    UPDATE leads AS l
    SET status = given.status, type = given.type, assigned_to_id = given.assigned_to_id,
        lost_reason = given.lost_reason, updated_at = now()
    FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::uuid[], %s::text[])
        AS given (id, status, type, assigned_to_id, lost_reason)
    -- Both conditions, so that the index is used for these ids, whatever the statistics say.
    WHERE l.id = given.id AND l.id = ANY (%s::uuid[])
"""
# The text of a lead is that of Lead.__str__ and Customer.__str__.
_LOG: Final = """
    INSERT INTO django_admin_log (action_time, user_id, content_type_id, action_flag, change_message, object_id,
                                  object_repr)
    SELECT now(), %s, %s, %s, %s, lead.id::text,
           left(initcap(lead.type) || ' of ' || coalesce(
               nullif(customer.name, ''), customer.phone, 'Number hidden (' || customer.whatsapp_user_id || ')'), 200)
    FROM unnest(%s::uuid[]) AS given (id)
    CROSS JOIN LATERAL (SELECT l.id, l.type, l.conversation_id FROM leads AS l WHERE l.id = given.id LIMIT 1) AS lead
    CROSS JOIN LATERAL (SELECT c.customer_id FROM conversations AS c WHERE c.id = lead.conversation_id LIMIT 1) AS place
    CROSS JOIN LATERAL (SELECT k.* FROM customers AS k WHERE k.id = place.customer_id LIMIT 1) AS customer
"""
_SET_OUTCOMES: Final = """
    UPDATE bulk_change_leads AS chosen SET outcome = given.outcome
    FROM unnest(%s::uuid[], %s::text[]) AS given (lead_id, outcome)
    WHERE chosen.change_id = %s AND chosen.lead_id = given.lead_id
"""
