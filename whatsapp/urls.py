from django.urls import path

from whatsapp.views import webhook

urlpatterns = [path("webhooks/whatsapp", webhook, name="whatsapp-webhook")]
