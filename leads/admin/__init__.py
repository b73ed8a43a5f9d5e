from leads.admin import bulk_changes, choosing, conversations, customers, deleted, distinct, imports, leads
from leads.merging import sentences

__all__ = [
    "bulk_changes",
    "choosing",
    "conversations",
    "customers",
    "deleted",
    "distinct",
    "imports",
    "leads",
    "sentences",
]
