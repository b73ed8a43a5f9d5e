from leads.admin import bulk_changes, conversations, customers, deleted, imports, leads

__all__ = ["bulk_changes", "conversations", "customers", "deleted", "imports", "leads"]
