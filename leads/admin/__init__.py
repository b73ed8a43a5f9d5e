from leads.admin import conversations, imports, leads

__all__ = ["conversations", "imports", "leads"]
