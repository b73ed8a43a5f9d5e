from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "leadsite.privacy"
    label = "privacy"
    verbose_name = "Privacy"
