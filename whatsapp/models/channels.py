"""WhatsApp numbers of a business."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import ExpressionWrapper, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, JSONObject, Now, NullIf
from django.utils.translation import gettext_lazy as _

from conversations.channels import register_channels
from leadsite.core.arrays import array
from leadsite.core.encryption import decrypt, encrypt
from leadsite.core.models import OwnedModel
from leadsite.core.statements import fetch_rows
from leadsite.languages.texts import shown
from whatsapp.models.channel_values import (
    PHONE_NUMBER_ID_MAX_LENGTH,
    WABA_ID_PATTERN,
    ChannelInvalid,
    ChannelProvider,
    normalise_channel_id,
)
from whatsapp.models.ready_channels import ReadyChannels
from whatsapp.models.signing import Signing, signing_of

# Locked in the order of their ids, so that two deliveries that stop the same numbers cannot deadlock.
_STOP: Final = """
    WITH locked AS (SELECT id FROM channels WHERE id = ANY (%s::uuid[]) ORDER BY id FOR NO KEY UPDATE)
    UPDATE channels AS c SET stopped_at = now(), stop_reason = given.reason, updated_at = now()
    FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[]) AS given (id, reason, at)
    WHERE c.id = given.id AND c.id IN (SELECT id FROM locked) AND c.stopped_at IS NULL
        AND coalesce(c.resumed_at < given.at, true)
    RETURNING c.id
"""

# Raw SQL: the ORM needs as much time to build this query as the reader needs for a whole delivery.
_KNOWN: Final = """
    SELECT phone_number_id, id, user_id, waba_id, display_number, provider, active, encrypted_app_secret,
           CASE provider WHEN 'twilio' THEN encrypted_access_token ELSE '' END,
           first_delivery_at IS NOT NULL, first_inbound_at IS NOT NULL, first_status_at IS NOT NULL
    FROM channels
"""
_ALL_KNOWN: Final = f"{_KNOWN} ORDER BY id"
_BY_NUMBER: Final = f"{_KNOWN} WHERE phone_number_id = ANY(%s::text[])"
_BY_ACCOUNT: Final = f"{_KNOWN} WHERE waba_id = ANY(%s::text[]) AND provider = 'cloud' ORDER BY id LIMIT %s"


class KnownChannel(NamedTuple):
    """A channel that a delivery may name, with what its provider signs by; see whatsapp.models.signing."""

    phone_number_id: str
    id: UUID
    user_id: UUID
    waba_id: str
    display_number: str
    provider: str
    active: bool
    app_secret: str  # encrypted as it is stored
    access_token: str  # the same; Twilio's only
    # Whether there was a delivery before, one with a message, one with a status.
    has_delivery: bool = True
    has_inbound: bool = True
    has_status: bool = True


class SendingChannel(NamedTuple):
    """A channel through which a message may be sent. `is_stopped`: messages wait, see stop_channel. `is_begun`: it has
    a token, or there was a message or a delivery.
    """

    id: UUID
    provider: str
    is_stopped: bool = False
    name: str = ""
    waba_id: str = ""
    is_begun: bool = True


class ChannelManager(ReadyChannels, models.Manager["Channel"]):
    """Statements that the ORM cannot express."""

    def sending(self, user_id: UUID) -> list[SendingChannel]:
        """Return the business's active channels, in the order in which they were connected."""
        active = self.filter(user_id=user_id, active=True).order_by("pk")
        new = Q(encrypted_access_token="", first_delivery_at=None, first_sent_at=None)
        begun = ExpressionWrapper(~new, models.BooleanField())
        rows = active.values_list("pk", "provider", "stopped_at", "display_number", "phone_number_id", "waba_id", begun)
        return [
            SendingChannel(pk, provider, stopped_at is not None, display_number or number, waba_id, is_begun)
            for pk, provider, stopped_at, display_number, number, waba_id, is_begun in rows
        ]

    def with_numbers(self, numbers: Collection[str]) -> list[KnownChannel]:
        """Return the channels with these phone number ids, also those that are switched off."""
        return [KnownChannel(*row) for row in fetch_rows(_BY_NUMBER, [array(numbers)])] if numbers else []

    def all_known(self) -> list[KnownChannel]:
        """Return all channels, the oldest first."""
        return [KnownChannel(*row) for row in fetch_rows(_ALL_KNOWN, [])]

    def of_accounts(self, waba_ids: Collection[str], *, limit: int) -> list[KnownChannel]:
        """Return channels in these accounts at Meta, the oldest first."""
        return [KnownChannel(*row) for row in fetch_rows(_BY_ACCOUNT, [array(waba_ids), limit])]

    def stop(self, stopped: Mapping[UUID, tuple[str, datetime]]) -> list[UUID]:
        """Stop numbers, each for a reason reported at a time; see whatsapp.channels.stop_channels."""
        reasons, times = zip(*stopped.values(), strict=True)
        ids = array(stopped)
        return [channel_id for (channel_id,) in fetch_rows(_STOP, [ids, ids, array(reasons), array(times)])]

    def set_pace(self, channel_id: UUID, *, paced_until: datetime) -> None:
        """Caller holds the transaction and has locked the row. `update` of a queryset costs ten times as much."""
        fetch_rows("UPDATE channels SET paced_until = %s WHERE id = %s", [paced_until, channel_id])

    def move_times(self, by: timedelta) -> None:
        """Move the times that are ahead of the database's clock. Caller holds the transaction."""
        self.filter(paced_until__gt=Now()).update(paced_until=F("paced_until") + by)


class Channel(OwnedModel):
    """One WhatsApp number of one business. Incoming messages are routed by phone_number_id.

    That is Meta's id of the number, or at Twilio the number itself as E.164, without the "whatsapp:" that Twilio
    writes in front of it: see normalise_channel_id.
    """

    Provider = ChannelProvider

    provider = models.CharField(choices=Provider, default=Provider.CLOUD, db_default=Provider.CLOUD)
    phone_number_id = models.CharField(
        _("phone number id"), help_text=_("Meta: WhatsApp Manager shows it. Twilio: the number itself, +…")
    )
    display_number = models.CharField(blank=True, default="", db_default="")
    # Meta's account, to which templates belong. Deliveries name it: see whatsapp/inbound/ingest.py.
    waba_id = models.CharField(
        _("WhatsApp Business account id"),
        blank=True,
        default="",
        db_default="",
        help_text=_("Meta only: templates are read from it. Left empty, it is filled from the next delivery."),
    )
    encrypted_access_token = models.TextField(blank=True, default="", db_default="", editable=False)
    # What Meta signs this number's deliveries with; see whatsapp/models/signing.py.
    encrypted_app_secret = models.TextField(blank=True, default="", db_default="", editable=False)
    active = models.BooleanField(default=True, db_default=True)
    # Set when the provider refuses the number itself (token, payment, a block): messages wait until the cause is fixed.
    # See whatsapp.channels.stop_channel.
    stopped_at = models.DateTimeField(null=True, blank=True, editable=False)
    resumed_at = models.DateTimeField(null=True, editable=False)
    stop_reason = models.TextField(blank=True, default="", db_default="", editable=False)
    # Providers limit the rate of messages from one number: see whatsapp/outbound/queue.py.
    paced_until = models.DateTimeField(null=True, editable=False)
    # The steps of connecting it (whatsapp/setting_up/): when its first signed delivery came, the first with a message,
    # the first with a status; and when its first message was accepted.
    first_delivery_at = models.DateTimeField(null=True, editable=False)
    first_inbound_at = models.DateTimeField(null=True, editable=False)
    first_sent_at = models.DateTimeField(null=True, editable=False)
    first_status_at = models.DateTimeField(null=True, editable=False)
    # When the templates of its account were last read, and why that failed; of the number whose token was used.
    templates_read_at = models.DateTimeField(null=True, editable=False)
    templates_error = models.TextField(blank=True, default="", db_default="", editable=False)

    objects = ChannelManager()

    class Meta:
        db_table = "channels"
        verbose_name = _("WhatsApp number")
        indexes = [
            # Read by the webhook, for deliveries about accounts.
            models.Index(fields=["waba_id"], name="channels_by_account"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["phone_number_id"],
                name="channels_phone_number_id_unique",
                violation_error_code="unique",
                violation_error_message=_("This phone number id belongs to another channel."),
            ),
            models.CheckConstraint(condition=Q(provider__in=ChannelProvider.values), name="channels_provider_valid"),
            models.CheckConstraint(
                condition=Q(phone_number_id__length__gte=1)
                & Q(phone_number_id__length__lte=PHONE_NUMBER_ID_MAX_LENGTH),
                name="channels_phone_number_id_length",
            ),
            models.CheckConstraint(
                condition=Q(waba_id="") | Q(waba_id__regex=f"^{WABA_ID_PATTERN}$"),
                name="channels_waba_id_digits",
                violation_error_message=_("A WhatsApp Business account id has only digits."),
            ),
        ]

    def __str__(self) -> str:
        return self.display_number or self.phone_number_id

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        super().clean_fields(exclude)
        if "phone_number_id" not in (exclude or ()):
            try:
                self.phone_number_id = normalise_channel_id(self.provider, self.phone_number_id)
            except ChannelInvalid as error:
                raise ValidationError({"phone_number_id": shown(error)}) from error

    @property
    def access_token(self) -> str:
        """The token in clear, for sending. Raises leadsite.core.encryption.SecretUnreadable."""
        return decrypt(self.encrypted_access_token) if self.encrypted_access_token else ""

    @access_token.setter
    def access_token(self, token: str) -> None:
        self.encrypted_access_token = encrypt(token) if token else ""

    @property
    def app_secret(self) -> str:
        """The number's own secret in clear. Raises leadsite.core.encryption.SecretUnreadable."""
        return decrypt(self.encrypted_app_secret) if self.encrypted_app_secret else ""

    @app_secret.setter
    def app_secret(self, secret: str) -> None:
        self.encrypted_app_secret = encrypt(secret) if secret else ""

    @property
    def signing(self) -> Signing:
        """What its deliveries are signed with. Raises leadsite.core.encryption.SecretUnreadable."""
        return signing_of(self.provider, self.encrypted_app_secret, self.encrypted_access_token)


def _summary() -> "Subquery[Any]":
    """The number of a message. It counts only as long as the number belongs to the message's business."""
    own = Channel.objects.filter(pk=OuterRef("channel_id"), user_id=OuterRef("user_id"))
    shown = NullIf("display_number", Value(""))
    fields = {"id": "pk", "display_number": shown, "name": Coalesce(shown, "phone_number_id"), "provider": "provider"}
    return Subquery(own.values(summary=JSONObject(**fields)), output_field=models.JSONField())


register_channels(_summary)
