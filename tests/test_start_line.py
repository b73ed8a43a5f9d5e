"""The start line of the web server: one, wherever it is written; and the settings of a new installation."""

import json
import re
import runpy
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from leadsite.demo.supervisor import server_command

ROOT = Path(settings.BASE_DIR)
# What differs: where it listens, how many processes it has, and in the demo what it logs.
OWN = ("--host=", "--port=", "--workers=", "--log-config=", "--log-level=")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8").replace("\\\n", "")


def options(words: list[str]) -> list[str]:
    return sorted(word for word in words if not word.startswith(OWN))


def lines() -> dict[str, list[str]]:
    docker = re.search(r"^CMD (\[.*\])", text_of("Dockerfile"), re.MULTILINE)
    unit = re.search(r"^ExecStart=\S+/granian (.+)", text_of("deploy/systemd/leadsite-web.service"), re.MULTILINE)
    docs = re.search(r"^    granian (.+)", text_of("docs/operations.md"), re.MULTILINE)
    assert docker
    assert unit
    assert docs
    return {
        "Dockerfile": json.loads(docker[1])[1:],
        "unit": shlex.split(unit[1]),
        "docs/operations.md": shlex.split(docs[1]),
        "demo": server_command(8000, workers=2)[3:],
    }


@pytest.mark.parametrize("place", ["unit", "docs/operations.md", "demo"])
def test_the_web_server_is_started_as_in_the_image(place: str) -> None:
    found = lines()
    assert options(found[place]) == options(found["Dockerfile"])
    assert "--respawn-failed-workers" in found[place]
    assert len(found) == 4


def test_logs_are_json_in_production() -> None:
    found = lines()
    for place in ("Dockerfile", "unit", "docs/operations.md"):
        assert "--log-config=leadsite/server/granian_logs.json" in found[place]


@pytest.mark.parametrize("name", ["web", "worker", "migrate", "backup"])
def test_units_are_hardened_and_started_again(name: str) -> None:
    text = text_of(f"deploy/systemd/leadsite-{name}.service")
    entries = set(text.splitlines())
    assert {"NoNewPrivileges=yes", "ProtectSystem=strict", "StateDirectory=leadsite", "PrivateTmp=yes"} <= entries
    assert {"User=leadsite", "CapabilityBoundingSet=", "WorkingDirectory=/opt/leadsite"} <= entries
    assert "Restart=always" in entries or name in ("migrate", "backup")
    # Only migrations and backups know the role that owns the tables.
    assert ("migrate.env" in text) is (name in ("migrate", "backup"))


def new_settings(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["new-settings", *arguments])
    runpy.run_path(str(ROOT / "deploy/new-settings"), run_name="__main__")


def variables(path: Path) -> dict[str, Any]:
    lines_of = [line for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    return dict(line.split("=", 1) for line in lines_of)


def test_a_new_installation_has_secrets_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new_settings(monkeypatch, "leads.example.org", "--folder", str(tmp_path), "--database-host", "db.example.org:5433")
    site, owner = variables(tmp_path / "leadsite.env"), variables(tmp_path / "migrate.env")
    assert site["ALLOWED_HOSTS"] == "leads.example.org"
    assert site["BEHIND_PROXY"] == "true"
    password = owner["DATABASE_PASSWORD"]
    assert site["DATABASE_URL"] == f"postgresql://leadsite:{password}@db.example.org:5433/leadsite"
    assert owner["DATABASE_OWNER_PASSWORD"] in owner["MIGRATION_DATABASE_URL"]
    assert owner["DATABASE_OWNER_PASSWORD"] not in (tmp_path / "leadsite.env").read_text()
    secrets = [site[name] for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "METRICS_TOKEN", "WHATSAPP_VERIFY_TOKEN")]
    assert len({*secrets, password}) == 5
    assert min(map(len, secrets)) >= 32
    assert (tmp_path / "leadsite.env").stat().st_mode & 0o077 == 0
    with pytest.raises(SystemExit, match="exists, and is not overwritten"):
        new_settings(monkeypatch, "leads.example.org", "--folder", str(tmp_path))
    with pytest.raises(SystemExit, match="is not the name of a host"):
        new_settings(monkeypatch, "https://leads.example.org", "--folder", str(tmp_path))


def test_compose_starts_without_a_database_of_its_own() -> None:
    class Loader(yaml.SafeLoader):
        pass

    def overridden(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        assert isinstance(node, yaml.SequenceNode)
        return loader.construct_sequence(node, deep=True)

    Loader.add_constructor("!override", overridden)
    services = yaml.load(text_of("deploy/compose.external-database.yml"), Loader)["services"]
    own = yaml.safe_load(text_of("docker-compose.yml"))["services"]
    assert set(services) == set(own)
    assert services["db"]["profiles"]
    for name in ("migrate", "web", "worker"):
        assert services[name]["environment"]["DATABASE_URL"].startswith("${DATABASE_URL:?")
        assert "db" not in services[name]["depends_on"]
        assert "db" in own[name]["depends_on"]
    assert "OWNER" not in json.dumps([services["web"], services["worker"]])
