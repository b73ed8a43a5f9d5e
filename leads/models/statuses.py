"""The statuses of leads, and which of them are open: for Python, and as conditions of SQL statements.

leads/sql/make_leads.sql has the closed ones again, for SQL clients.
"""

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _


class LeadStatus(models.TextChoices):
    NEW = "new", _("New")
    CONTACTED = "contacted", _("Contacted")
    QUALIFIED = "qualified", _("Qualified")
    CONVERTED = "converted", _("Converted")
    LOST = "lost", _("Lost")


# Of leads that somebody still works on.
OPEN_STATUSES: Final[tuple[str, ...]] = (LeadStatus.NEW.value, LeadStatus.CONTACTED.value, LeadStatus.QUALIFIED.value)
CLOSED_STATUSES: Final[tuple[str, ...]] = tuple(one for one in LeadStatus.values if one not in OPEN_STATUSES)
# With an alias: f"l.{IS_OPEN}". No parameters, so that a partial index is found in every plan.
IS_OPEN: Final = f"status IN {OPEN_STATUSES}"
IS_CLOSED: Final = f"status IN {CLOSED_STATUSES}"
