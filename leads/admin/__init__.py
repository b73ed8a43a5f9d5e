from leads.admin import imports, leads

__all__ = ["imports", "leads"]
