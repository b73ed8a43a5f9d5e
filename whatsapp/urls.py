from django.urls import path

from whatsapp.api import SendMessage, ThreadAndReply
from whatsapp.views import webhook

urlpatterns = [
    path("webhooks/whatsapp", webhook, name="whatsapp-webhook"),
    path("whatsapp", SendMessage.as_view(), name="send-message"),
    path("conversations/<uuid:conversation_id>/messages", ThreadAndReply.as_view(), name="thread"),
]
