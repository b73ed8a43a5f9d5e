from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from leadsite.core import failures
from leadsite.monitoring.writer import writer


class MonitoringConfig(AppConfig):
    name = "leadsite.monitoring"
    label = "monitoring"
    verbose_name = _("Monitoring")

    def ready(self) -> None:
        failures.on_failure(writer.put)
