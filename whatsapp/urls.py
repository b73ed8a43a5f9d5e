from django.urls import path

from whatsapp.inbound.webhook import webhook
from whatsapp.outbound.api import SendMessage, ThreadAndReply

urlpatterns = [
    path("webhooks/whatsapp", webhook, name="whatsapp-webhook"),
    path("whatsapp", SendMessage.as_view(), name="send-message"),
    path("conversations/<uuid:conversation_id>/messages", ThreadAndReply.as_view(), name="thread"),
]
