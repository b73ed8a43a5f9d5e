from leads.admin import bulk_changes, choosing, conversations, customers, deleted, distinct, imports, leads, timeline

__all__ = [
    "bulk_changes",
    "choosing",
    "conversations",
    "customers",
    "deleted",
    "distinct",
    "imports",
    "leads",
    "timeline",
]
