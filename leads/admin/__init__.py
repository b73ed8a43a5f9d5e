from leads.admin import bulk_changes, conversations, imports, leads

__all__ = ["bulk_changes", "conversations", "imports", "leads"]
