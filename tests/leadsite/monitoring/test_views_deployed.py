"""deploy/monitoring: a served site has every metric that alerts and dashboard name, and the runbook every alert."""

import json
import re
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.db import connection

from leadsite.monitoring.integrity import check_integrity
from tests.blocks import section
from tests.factories import Business
from tests.leadsite.monitoring.failing import LEAD
from tests.site import Site, request

FOLDER = settings.BASE_DIR / "deploy" / "monitoring"
_METRIC = re.compile(r"\bleadsite_\w+")
_LABEL = re.compile(r"(\w+)(?:=~?|!=)\"")


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    return list(group["rules"])


def panels() -> list[dict[str, Any]]:
    return list(json.loads((FOLDER / "dashboard.json").read_text())["panels"])


def expressions() -> list[str]:
    return [rule["expr"] for rule in rules()] + [target["expr"] for panel in panels() for target in panel["targets"]]


def test_each_alert_has_its_place_in_the_runbook() -> None:
    headings = re.findall(r"^## (\w+)$", (settings.BASE_DIR / "docs" / "runbook.md").read_text(), re.MULTILINE)
    names = [rule["alert"] for rule in rules()]
    assert sorted(names) == sorted(set(names)) == sorted(headings)
    for rule in rules():
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert re.fullmatch(r"\d+[smh]", rule["for"])


def test_expressions_are_balanced() -> None:
    for expression in expressions():
        for opening, closing in ("()", "[]", "{}"):
            assert expression.count(opening) == expression.count(closing), expression


def test_numbers_match_no_labels() -> None:
    """Prometheus does not start with on() or ignoring() between a number and a metric: it refuses the whole file."""
    for expression in expressions():
        assert not re.search(r"(?:^|[\s(])[\d.]+\s*[-*/+<>=!]+\s*(?:on|ignoring)\b", expression), expression


def test_the_example_of_prometheus_reads_the_alerts() -> None:
    example = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    assert example["rule_files"] == ["alerts.yml"]
    assert example["scrape_configs"][0]["job_name"] == "leadsite"


def test_what_is_found_reaches_somebody() -> None:
    """Prometheus and the units that may fail at night lead to Alertmanager, and that to a person."""
    prometheus = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    ((target,),) = [
        one["targets"] for entry in prometheus["alerting"]["alertmanagers"] for one in entry["static_configs"]
    ]
    units = settings.BASE_DIR / "deploy/systemd"
    assert f"--web.listen-address={target} " in (units / "alertmanager.conf").read_text()
    failed = (units / "leadsite-failed@.service").read_text()
    assert f"http://{target}/api/v2/alerts" in failed
    (alert,) = json.loads(re.findall(r"--data '(.+)'", failed)[0])
    assert "## A unit has failed\n" in (settings.BASE_DIR / "docs/runbook.md").read_text()
    assert alert["annotations"]["runbook"] == "docs/runbook.md#a-unit-has-failed"
    for name in ("backup", "certificate", "migrate"):
        assert "OnFailure=leadsite-failed@%N.service" in (units / f"leadsite-{name}.service").read_text().splitlines()
    mailing = yaml.safe_load((FOLDER / "alertmanager.yml").read_text())
    receivers = {one["name"]: one for one in mailing["receivers"]}
    for route in (mailing["route"], *mailing["route"]["routes"]):
        assert receivers[route.get("receiver", mailing["route"]["receiver"])]["email_configs"][0]["to"]


def test_in_a_cluster_each_web_server_is_a_target() -> None:
    """HAProxy, on the port of a single machine, would answer with the numbers of one, then of the other."""
    cluster = settings.BASE_DIR / "deploy/cluster"
    addresses = dict(re.findall(r"^(APP\d)=(.+)$", (cluster / "node.env.example").read_text(), re.MULTILINE))
    found = re.findall(r"^ +server app\d @(APP\d)@:(\d+)", (cluster / "haproxy.cfg.in").read_text(), re.MULTILINE)
    servers = sorted(set(found))
    targets = json.dumps([f"{addresses[name]}:{port}" for name, port in servers])
    assert len(servers) == 2
    for path in (FOLDER / "prometheus.yml", settings.BASE_DIR / "docs/operations.md"):
        assert targets in path.read_text()


def test_each_machine_of_a_cluster_mails_what_fails_there() -> None:
    """A unit that fails asks the Alertmanager of its machine, and each has a certificate; one Prometheus is enough."""
    path = settings.BASE_DIR / "docs/operations.md"
    step = [block.text for block in section(path, "On one machine") if "prometheus" in block.text and not block.reason]
    mailing, reading = [text for text in step if "apt-get" in text]
    assert "systemctl enable --now leadsite-certificate.timer" in mailing
    assert "systemctl restart prometheus-alertmanager" in mailing
    assert "systemctl restart prometheus\n" in reading
    assert "the first two blocks of step 9 on both, the third one on one of them" in path.read_text()


@pytest.mark.django_db(transaction=True)
def test_a_served_site_has_every_metric_that_they_name(owner: Business, served_site: Site) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
    check_integrity()
    made = served_site.data_dir / "backups" / "leadsite-20261129T023000Z"
    made.mkdir(parents=True)
    (made / "manifest.json").touch()
    assert served_site.post_lead(owner.api_key, LEAD).status_code == 201
    wanted = {name for expression in expressions() for name in _METRIC.findall(expression)}
    assert len(wanted) > 20
    # Two processes answer: each page has the requests of both.
    for _ in range(4):
        page = request("GET", f"{served_site.address}/metrics").text
        shown = {re.split(r"[{ ]", line)[0] for line in page.splitlines() if not line.startswith("#")}
        assert wanted - shown == set()
        assert 'leadsite_requests_total{route="/api/leads",status="201"}' in page
        assert owner.api_key not in page
        assert "15112345678" not in page


@pytest.mark.django_db
def test_they_compare_labels_that_the_metrics_have(client: Any) -> None:
    client.get("/api/leads")
    page = client.get("/metrics").content.decode()
    labels = set(re.findall(r"[{,](\w+)=\"", page)) | {"job", "instance"}
    assert {label for expression in expressions() for label in _LABEL.findall(expression)} <= labels
