"""Prometheus and Alertmanager take the files of deploy/monitoring.

Needs both programs on the PATH (apt-get install prometheus prometheus-alertmanager); without them these tests are
skipped, and say so.
"""

import json
import re
import shutil
import subprocess

import pytest
import yaml

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


@pytest.mark.skipif(
    not shutil.which("amtool"), reason="amtool is not installed: apt-get install prometheus-alertmanager"
)
def test_no_mail_says_that_a_failed_unit_is_well_again() -> None:
    """It reports no end: for Alertmanager it ends after five minutes. What Prometheus finds does end."""
    path = REPOSITORY / "deploy/monitoring/alertmanager.yml"
    unit = (REPOSITORY / "deploy/systemd/leadsite-failed@.service").read_text()
    (failed,) = json.loads(re.findall(r"--data '(.+)'", unit)[0])

    def mails(labels: dict[str, str]) -> list[tuple[str, bool]]:
        given = [f"{name}={value}" for name, value in labels.items()]
        command = ["amtool", "config", "routes", "test", f"--config.file={path}", *given]
        found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        receivers = yaml.safe_load(path.read_text())["receivers"]
        chosen = [one["email_configs"] for one in receivers if one["name"] in found]
        return [(mail["to"], mail["send_resolved"]) for configs in chosen for mail in configs]

    assert mails(failed["labels"]) == [("you@example.com", False)]
    assert mails({"alertname": "LeadsiteDown", "severity": "critical"}) == [("you@example.com", True)]
