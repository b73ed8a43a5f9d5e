from whatsapp.admin import account_events, channels, deliveries, message_state, replies, templates

__all__ = ["account_events", "channels", "deliveries", "message_state", "replies", "templates"]
