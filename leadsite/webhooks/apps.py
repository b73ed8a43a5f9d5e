from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "leadsite.webhooks"
    label = "webhooks"
    verbose_name = "Webhooks"
