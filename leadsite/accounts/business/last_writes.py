"""Until where a business has written, for lists from a replica."""

from django.conf import settings
from django.db import models


class LastWrite(models.Model):
    """The position in PostgreSQL's log after the last request that may have written for a business, or of an operator
    who works for none. Written and read by leadsite/core/postgresql/replica.py, and only where there is a replica.

    The table is UNLOGGED, so that a note does not wait for the disk, or for a standby. It is empty after a crash, and
    on a standby that becomes the primary: then lists are read from the primary first.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, db_constraint=False, related_name="+"
    )
    position = models.BigIntegerField(help_text="Bytes since the beginning of the log.")

    class Meta:
        db_table = "last_writes"

    def __str__(self) -> str:
        return f"{self.position:,}"
