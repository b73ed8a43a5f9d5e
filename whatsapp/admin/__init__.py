from whatsapp.admin import channels, deliveries, message_state, replies, templates

__all__ = ["channels", "deliveries", "message_state", "replies", "templates"]
