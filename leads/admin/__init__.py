from leads.admin import bulk_changes, conversations, deleted, imports, leads

__all__ = ["bulk_changes", "conversations", "deleted", "imports", "leads"]
