from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from leadsite.backups.age import BackupAge
from leadsite.monitoring.views import registry


class BackupsConfig(AppConfig):
    name = "leadsite.backups"
    label = "backups"
    verbose_name = _("Backups")

    def ready(self) -> None:
        registry.register(BackupAge())
