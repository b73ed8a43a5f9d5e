"""When Meta last asked whether the webhook is ours, and whether the verify token was right."""

from datetime import datetime
from typing import Final

from django.db import models

from leadsite.core.statements import fetch_rows

VERIFIED: Final = "verified"
REFUSED: Final = "refused"
_NOTE: Final = """
    INSERT INTO webhook_verifications AS v (outcome, at) VALUES (%s, now())
    ON CONFLICT (outcome) DO UPDATE SET at = excluded.at WHERE v.at < excluded.at
"""


class VerificationManager(models.Manager["WebhookVerification"]):
    def note(self, outcome: str) -> None:
        """Note that a verification request came now. One statement. Raises django.db.Error."""
        fetch_rows(_NOTE, [outcome])

    def times(self) -> dict[str, datetime]:
        """Return the time of the last one, by outcome; at most two."""
        return dict(self.values_list("outcome", "at"))


class WebhookVerification(models.Model):
    """The last verification request with each outcome: two rows of the whole site, because such a request names no
    number.
    """

    outcome = models.CharField(primary_key=True)
    at = models.DateTimeField()

    objects = VerificationManager()

    class Meta:
        db_table = "webhook_verifications"

    def __str__(self) -> str:
        return f"{self.outcome} at {self.at}"
