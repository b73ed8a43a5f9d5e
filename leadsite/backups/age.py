"""A metric: how old the newest backup is."""

from collections.abc import Iterator
from datetime import UTC, datetime

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from leadsite.backups.archive import TIME, backups_in, default_folder, name_at
from leadsite.core import clock

log = structlog.get_logger(__name__)


class BackupAge(Collector):
    """Of the default folder. Where no backup was ever made there, they may be elsewhere: then there is no value."""

    def collect(self) -> Iterator[Metric]:
        now = clock.now()
        try:
            # One from later than now, after the clock went back, would stay the newest for long.
            names = [path.name for path in backups_in(default_folder()) if path.name <= name_at(now)]
            made = [datetime.strptime(name[: len(name_at(now))], TIME).replace(tzinfo=UTC) for name in names[-1:]]
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            log.warning("backups_not_read", error=str(error))
            return
        for moment in made:
            age = (now - moment).total_seconds()
            yield GaugeMetricFamily("leadsite_backup_age_seconds", "Since the newest complete backup.", value=age)
