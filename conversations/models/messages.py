"""The model Message: messages of conversations, in and out. The outbound rows are the outbox."""

from uuid import UUID

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.fields.json import KT, KeyTransform
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.models.conversations import Conversation
from conversations.models.inbound import InboundMessageManager
from conversations.models.outgoing.attempts import AttemptManager
from conversations.models.outgoing.outbox import OutboxManager
from conversations.models.outgoing.reported import ReportedMessageManager
from conversations.models.past import PastMessageManager
from conversations.search.folding import Folded
from leadsite.core.models import OwnedModel
from leadsite.languages.texts import inside

CONTENT_MAX_LENGTH = 65_536
KIND_MAX_LENGTH = 100
PROVIDER_ID_MAX_LENGTH = 500
# Key in the extras of a failed or unknown message about which somebody has decided: "sent again", "left".
SETTLED = "settled"
# Of messages that need a person's decision.
IS_UNDECIDED = Q(status="unknown") & ~Q(extras__has_key=SETTLED)


class MessageDirection(models.TextChoices):
    IN = "in", _("In")
    OUT = "out", _("Out")


class MessageStatus(models.TextChoices):
    RECEIVED = "received", _("Received")
    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    READ = "read", _("Read")
    PLAYED = "played", _("Played")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Unknown")


class MessageManager(
    AttemptManager, ReportedMessageManager, OutboxManager, PastMessageManager, InboundMessageManager["Message"]
):
    """Reads and writes lists of messages, each in one statement whatever the length."""

    def visible(self) -> models.QuerySet["Message"]:
        """Messages of conversations that are not deleted. Statuses and redeliveries reach the others too."""
        return self.filter(conversation__deleted_at=None)

    def with_referred(self) -> models.QuerySet["Message"]:
        """Visible ones with `referred_id`: our id of the message that each answers, changes or reacts to, if stored."""
        provider_id = Coalesce(KT("parts__context__provider_id"), KT("parts__reaction__provider_id"))
        own = Message.objects.filter(user_id=OuterRef("user_id"))
        exact = own.filter(provider_id=OuterRef("referred_provider_id"))
        in_another_form = own.filter(provider_token=OuterRef("reference_token"))
        referred = [Subquery(found.values("pk")[:1]) for found in (exact, in_another_form)]
        return (
            self.visible()
            .annotate(referred_provider_id=provider_id, reference_token=KT("extras__reference_token"))
            .annotate(referred_id=Coalesce(*referred, output_field=models.UUIDField()))
        )

    def newest_id(self, conversation_id: UUID) -> UUID:
        """Return the id of the newest message; one that no message has where there is none."""
        newest = self.filter(conversation_id=conversation_id).order_by("-sort_at", "-pk").values_list("pk", flat=True)
        return newest.first() or UUID(int=0)

    def answer_after(self, conversation_id: UUID, seen_id: UUID) -> "Message | None":
        """Return the answer of the business that came after the message with this id, unless the customer has written
        since. Ids are in the order in which messages were stored.
        """
        turns = self.filter(conversation_id=conversation_id, is_turn=True).exclude(status="failed")
        last = turns.order_by("-sort_at", "-pk").first()
        return last if last is not None and last.direction == MessageDirection.OUT and last.pk > seen_id else None


class Message(OwnedModel):
    """One message of a conversation, in or out. The outbound row is also the outbox.

    The life of an outbound message:
      queued     stored; to be sent at `due_at`. After a failed attempt `error` says why
      sending    a worker is sending it, and holds the lease until `leased_until`
      sent       the provider accepted it
      delivered  it reached the customer's phone
      read       the customer opened it (played: heard the voice note)
      failed     it will not be sent; `error` says why
      unknown    the connection broke after the request left, or the worker died: a later status or a person decides
    An inbound message is always `received`.
    """

    Direction = MessageDirection
    Status = MessageStatus

    conversation = models.ForeignKey(
        Conversation, models.PROTECT, db_constraint=False, db_index=False, related_name="messages"
    )
    # The number of the business: a row of `channels`, a table of another app. No foreign key: with one, each incoming
    # message would lock the channel's row.
    channel_id = models.UUIDField(null=True, editable=False)
    address = models.CharField(
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text=_("The customer's number or WhatsApp user id, as the provider sent it or will get it."),
    )
    direction = models.CharField(choices=Direction)
    # The person who wrote an outgoing one in the admin. No foreign key: a person's messages stay when they leave.
    author_id = models.UUIDField(null=True, editable=False)
    kind = models.CharField(default="text", db_default="text", help_text=_("text, image, location …"))
    content = models.TextField(blank=True, default="", db_default="")
    provider_id = models.CharField(null=True, blank=True, help_text=_("The provider's id of this message."))
    # What is the same in all ids that the provider has for this message; null where it has one. References and statuses
    # may have another one.
    provider_token = models.CharField(null=True, editable=False)
    status = models.CharField(choices=Status)
    provider_time = models.DateTimeField(null=True, blank=True, help_text=_("When the provider says it was written."))
    # Its place in the conversation: the provider's time, which has whole seconds, and in the microseconds the order of
    # arrival. Ours get a time of the provider's clock too: see _QUEUE in outgoing/outbox.py.
    sort_at = models.DateTimeField(db_default=Now(), editable=False)
    # An inbound one waits for an answer, an outbound one is an answer. Not so signs, history, and messages of groups. A
    # call of the customer is a turn unless it was answered.
    is_turn = models.BooleanField(default=True, db_default=True, editable=False)
    extras = models.JSONField(default=dict, blank=True, db_default={})
    # A conversations.message_parts.Parts; null where it has none.
    parts = models.JSONField(null=True, editable=False)
    error = models.TextField(blank=True, default="", db_default="")
    # How many times a worker has leased it: a worker that lost its lease sees another number here.
    attempts = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    # Why the last attempts failed and how many in a row did for that reason: both determine the back-off.
    retry_kind = models.CharField(default="", db_default="", editable=False)
    retries = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    due_at = models.DateTimeField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)

    objects = MessageManager()

    class Meta:
        db_table = "messages"
        indexes = [
            # Read by the thread, and to place a message in it.
            models.Index(fields=["conversation", "sort_at", "id"], name="messages_by_conversation"),
            # Read by set_waiting: the last answer that did not fail, or answered call.
            models.Index(
                fields=["conversation", "sort_at"],
                condition=Q(direction="out", is_turn=True) & ~Q(status="failed")
                | Q(kind="call", direction="in", is_turn=False),
                name="messages_answers",
            ),
            # Read by the search of the inbox. Its pending list: see leads_by_words.
            GinIndex(
                OpClass(Folded("content"), name="gin_trgm_ops"),
                name="messages_by_words",
                gin_pending_list_limit=1024,
            ),
            # Read by lock_due: messages to send through a channel now.
            models.Index(fields=["channel_id", "due_at"], condition=Q(status="queued"), name="messages_due"),
            # Read by lock_due: earlier unsent messages of the conversation.
            models.Index(
                fields=["conversation", "id"],
                condition=Q(status__in=["queued", "sending"]),
                name="messages_waiting",
            ),
            # Read for ids in another form: lock_reported, threads, and the target of a reaction.
            models.Index(
                fields=["user", "provider_token"], condition=Q(provider_token__isnull=False), name="messages_by_token"
            ),
            # Read by lock_reported: messages that were sent again, by the provider's ids of their failed attempts.
            GinIndex(
                KeyTransform("former_ids", "extras"),
                condition=Q(extras__has_key="former_ids"),
                name="messages_by_former_id",
            ),
            # Read by the admin's index page: messages that need a person's decision.
            models.Index(fields=["user", "id"], condition=IS_UNDECIDED, name="messages_unknown"),
            # Read by the inbox: messages that did not arrive, or perhaps did not, and nobody has decided about.
            models.Index(
                fields=["user", "conversation", "id"],
                condition=Q(status__in=["failed", "unknown"]) & ~Q(extras__has_key=SETTLED),
                name="messages_undelivered",
            ),
            # Read by the admin's list of all that failed, also of what somebody has decided about.
            models.Index(fields=["user", "id"], condition=Q(status="failed"), name="messages_failed"),
            # Read by expire_leases.
            models.Index(fields=["leased_until"], condition=Q(status="sending"), name="messages_leased"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "id"], name="messages_owner_unique"),
            models.UniqueConstraint(
                fields=["user", "provider_id"],
                condition=Q(provider_id__isnull=False),
                name="messages_provider_id_unique",
            ),
            models.CheckConstraint(condition=Q(direction__in=MessageDirection.values), name="messages_direction_valid"),
            models.CheckConstraint(
                condition=Q(direction="in", status="received")
                | Q(
                    direction="out",
                    status__in=[status for status in MessageStatus.values if status != MessageStatus.RECEIVED],
                ),
                name="messages_status_valid",
            ),
            models.CheckConstraint(
                condition=Q(kind__length__gte=1) & Q(kind__length__lte=KIND_MAX_LENGTH), name="messages_kind_length"
            ),
            models.CheckConstraint(
                condition=Q(provider_id__length__gte=1) & Q(provider_id__length__lte=PROVIDER_ID_MAX_LENGTH),
                name="messages_provider_id_length",
            ),
            models.CheckConstraint(
                condition=Q(content__length__lte=CONTENT_MAX_LENGTH), name="messages_content_length"
            ),
        ]

    @property
    def current_error(self) -> str:
        """The error, as long as it matters: a message that has arrived is no failure, whatever was reported."""
        return self.error if self.status in ("queued", "failed", "unknown") else ""

    def __str__(self) -> str:
        way, state = inside(self.get_direction_display()), inside(self.get_status_display())
        return f"{gettext(self.kind)} {way}, {state}"
