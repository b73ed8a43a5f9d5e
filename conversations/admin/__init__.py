from conversations.admin import pages

__all__ = ["pages"]
