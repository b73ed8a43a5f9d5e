from conversations.admin import conversations, customers, labels, messages, timeline

__all__ = ["conversations", "customers", "labels", "messages", "timeline"]
