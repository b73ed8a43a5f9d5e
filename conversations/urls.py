from django.urls import path

from conversations import views

urlpatterns = [path("messages/<uuid:message_id>", views.MessageDetail.as_view(), name="message")]
