"""Prometheus and Alertmanager take the files of deploy/monitoring.

Needs both programs on the PATH (apt-get install prometheus prometheus-alertmanager); without them these tests are
skipped, and say so.
"""

import shutil
import subprocess

import pytest

from tests.site import REPOSITORY


@pytest.mark.parametrize(
    "check", [["promtool", "check", "rules", "alerts.yml"], ["amtool", "check-config", "alertmanager.yml"]]
)
def test_prometheus_takes_the_files(check: list[str]) -> None:
    if not shutil.which(check[0]):
        pytest.skip(f"{check[0]} is not installed: apt-get install prometheus prometheus-alertmanager")
    folder = REPOSITORY / "deploy/monitoring"
    taken = subprocess.run(check, cwd=folder, capture_output=True, text=True, check=False)
    assert taken.returncode == 0, taken.stdout + taken.stderr
