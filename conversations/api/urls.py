from django.urls import path

from conversations.api import views

urlpatterns = [
    path("conversations", views.ConversationList.as_view(), name="conversations"),
    path("conversations/<uuid:conversation_id>", views.ConversationDetail.as_view(), name="conversation"),
    path("messages/<uuid:message_id>", views.MessageDetail.as_view(), name="message"),
]
