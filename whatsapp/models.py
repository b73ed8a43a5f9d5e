"""How a business is reached on WhatsApp."""

from django.db import models
from django.db.models import Q

from conversations.models import OwnedModel
from whatsapp.encryption import decrypt, encrypt

PHONE_NUMBER_ID_MAX_LENGTH = 100


class Channel(OwnedModel):
    """One WhatsApp number of one business. Incoming messages are routed by phone_number_id."""

    class Provider(models.TextChoices):
        CLOUD = "cloud", "Meta Cloud API"
        TWILIO = "twilio", "Twilio"

    provider = models.CharField(choices=Provider, default=Provider.CLOUD, db_default=Provider.CLOUD)
    phone_number_id = models.CharField(
        "phone number id", help_text="Meta: WhatsApp Manager shows it. Twilio: the number itself, +…"
    )
    display_number = models.CharField(blank=True, default="", db_default="")
    encrypted_access_token = models.TextField(blank=True, default="", db_default="", editable=False)
    active = models.BooleanField(default=True, db_default=True)

    class Meta:
        db_table = "channels"
        verbose_name = "WhatsApp number"
        constraints = [
            models.UniqueConstraint(
                fields=["phone_number_id"],
                name="channels_phone_number_id_unique",
                violation_error_code="unique",
                violation_error_message="This phone number id belongs to another channel.",
            ),
            models.CheckConstraint(condition=Q(provider__in=["cloud", "twilio"]), name="channels_provider_valid"),
            models.CheckConstraint(
                condition=Q(phone_number_id__length__gte=1)
                & Q(phone_number_id__length__lte=PHONE_NUMBER_ID_MAX_LENGTH),
                name="channels_phone_number_id_length",
            ),
        ]

    def __str__(self) -> str:
        return self.display_number or self.phone_number_id

    @property
    def access_token(self) -> str:
        """The token in clear, for sending. Raises whatsapp.encryption.SecretUnreadable."""
        return decrypt(self.encrypted_access_token) if self.encrypted_access_token else ""

    @access_token.setter
    def access_token(self, token: str) -> None:
        self.encrypted_access_token = encrypt(token) if token else ""
