from conversations.admin import conversations, customers, messages

__all__ = ["conversations", "customers", "messages"]
