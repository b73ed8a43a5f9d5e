from conversations.admin import conversations, customers, labels, messages

__all__ = ["conversations", "customers", "labels", "messages"]
