"""Someone wants something: a Lead. And the files by which leads came: an ImportRun, with what it refused."""

from leads.first_messages import DETAILS_MAX_LENGTH
from leads.models.imports import ImportFile, ImportRefusal, ImportRun
from leads.models.known import NamedLead, Rewriting
from leads.models.leads import (
    EXTERNAL_ID_MAX_LENGTH,
    LOST_REASON_MAX_LENGTH,
    Lead,
    LeadRow,
    LeadStatus,
)

__all__ = [
    "DETAILS_MAX_LENGTH",
    "EXTERNAL_ID_MAX_LENGTH",
    "LOST_REASON_MAX_LENGTH",
    "ImportFile",
    "ImportRefusal",
    "ImportRun",
    "Lead",
    "LeadRow",
    "LeadStatus",
    "NamedLead",
    "Rewriting",
]
