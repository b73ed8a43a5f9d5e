from leads.admin import bulk_changes, conversations, customers, deleted, distinct, imports, leads

__all__ = ["bulk_changes", "conversations", "customers", "deleted", "distinct", "imports", "leads"]
