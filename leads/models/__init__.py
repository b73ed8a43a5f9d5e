"""Leads, and imports of leads from files, with the rows that were refused; bulk changes."""

from leads.first_messages import DETAILS_MAX_LENGTH
from leads.models.bulk import BulkChange, ChosenLead
from leads.models.creation import LeadRow
from leads.models.distinct import DistinctPair
from leads.models.import_changes import ImportChange, RecordedChange
from leads.models.imports import ImportFile, ImportRefusal, ImportRun
from leads.models.leads import (
    EXTERNAL_ID_MAX_LENGTH,
    LOST_REASON_MAX_LENGTH,
    DeletedLead,
    Lead,
    LeadType,
)
from leads.models.lookups import LeadByExternalId, LeadContents, Rewritten, StoredLead
from leads.models.merges import CustomerMerge
from leads.models.statuses import IS_CLOSED, IS_OPEN, OPEN_STATUSES, LeadStatus

__all__ = [
    "DETAILS_MAX_LENGTH",
    "EXTERNAL_ID_MAX_LENGTH",
    "IS_CLOSED",
    "IS_OPEN",
    "LOST_REASON_MAX_LENGTH",
    "OPEN_STATUSES",
    "BulkChange",
    "ChosenLead",
    "CustomerMerge",
    "DeletedLead",
    "DistinctPair",
    "ImportChange",
    "ImportFile",
    "ImportRefusal",
    "ImportRun",
    "Lead",
    "LeadByExternalId",
    "LeadContents",
    "LeadRow",
    "LeadStatus",
    "LeadType",
    "RecordedChange",
    "Rewritten",
    "StoredLead",
]
