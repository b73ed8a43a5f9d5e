from whatsapp.admin import channels, deliveries, message_state, replies

__all__ = ["channels", "deliveries", "message_state", "replies"]
