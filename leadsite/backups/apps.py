from django.apps import AppConfig


class BackupsConfig(AppConfig):
    name = "leadsite.backups"
    label = "backups"
    verbose_name = "Backups"
