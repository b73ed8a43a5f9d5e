from django.apps import AppConfig

from leadsite.core import failures
from leadsite.monitoring.writer import writer


class MonitoringConfig(AppConfig):
    name = "leadsite.monitoring"
    label = "monitoring"
    verbose_name = "Monitoring"

    def ready(self) -> None:
        failures.on_failure(writer.put)
