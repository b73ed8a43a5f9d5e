from whatsapp.admin import channels, outgoing

__all__ = ["channels", "outgoing"]
