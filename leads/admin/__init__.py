from leads.admin import bulk_changes, choosing, conversations, customers, deleted, distinct, imports, leads

__all__ = ["bulk_changes", "choosing", "conversations", "customers", "deleted", "distinct", "imports", "leads"]
