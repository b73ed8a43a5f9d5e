"""docker-compose.yml, Dockerfile and deploy/: least rights of containers and roles, images by digest."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

DIGEST = re.compile(r"[a-z]+:[a-z0-9.-]+@sha256:[0-9a-f]{64}")
APPLICATION = ("web", "worker")


def compose() -> dict[str, Any]:
    return yaml.safe_load((settings.BASE_DIR / "docker-compose.yml").read_text(encoding="utf-8"))


def service(name: str) -> dict[str, Any]:
    return compose()["services"][name]


@pytest.mark.parametrize("name", ["db", "migrate", "web", "worker"])
def test_containers_have_no_rights_that_they_do_not_need(name: str):
    found = service(name)
    assert found["cap_drop"] == ["ALL"]
    assert found["read_only"] is True
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert found["pids_limit"]
    assert found["mem_limit"]
    assert found["restart"] == ("no" if name == "migrate" else "unless-stopped")
    assert any(entry.startswith("/tmp") for entry in found["tmpfs"])
    assert "privileged" not in found
    assert name == "db" or "cap_add" not in found


def test_what_the_site_writes_is_in_memory():
    """With a read-only image: temporary files, and LEADSITE_DATA_DIR."""
    folders = {entry.partition(":")[0]: entry for entry in service("web")["tmpfs"]}
    assert service("web")["environment"]["LEADSITE_DATA_DIR"] in folders
    assert "uid=10001" in folders["/data"]
    assert "--uid 10001" in (settings.BASE_DIR / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", APPLICATION)
def test_the_site_and_the_worker_know_one_role_only(name: str):
    environment = service(name)["environment"]
    assert environment["DATABASE_URL"].startswith("postgresql://leadsite:${DATABASE_PASSWORD:?")
    values = " ".join(map(str, environment.values()))
    assert "OWNER" not in values
    assert "POSTGRES_PASSWORD" not in values
    assert "SQL_PASSWORD" not in values
    assert "MIGRATION_DATABASE_URL" not in environment


@pytest.mark.parametrize("name", APPLICATION)
def test_what_env_example_lists_reaches_the_containers(name: str):
    """A setting in .env that no container sees would be ignored in silence: for one, STAFF_SECOND_FACTOR."""
    example = (settings.BASE_DIR / ".env.example").read_text(encoding="utf-8")
    listed = set(re.findall(r"^#?([A-Z][A-Z_]+)=", example, re.MULTILINE))
    # Of the roles that neither knows; of the ports; of a server without a proxy; and what production never has.
    others = {"DATABASE_OWNER_PASSWORD", "DATABASE_PASSWORD", "DATABASE_SQL_PASSWORD", "POSTGRES_PASSWORD"}
    others |= {
        "DATABASE_SQL_ROLE",
        "MIGRATION_DATABASE_URL",
        "PORT",
        "GRANIAN_SSL_CERTIFICATE",
        "DEBUG",
        "DEMO_PASSWORD",
    }
    assert "STAFF_SECOND_FACTOR" in listed
    assert listed - others - service(name)["environment"].keys() == set()


def test_containers_count_together():
    volumes = {name: service(name)["volumes"] for name in APPLICATION}
    assert volumes["web"] == volumes["worker"] == ["metrics:/data/metrics", "media:/data/media"]
    assert "uid=10001" in compose()["volumes"]["metrics"]["driver_opts"]["o"]


def test_the_files_of_messages_are_on_a_disk_that_both_see():
    """In the memory of one of them the other would not find them, and they would go with it."""
    assert compose()["volumes"]["media"] is None
    assert "/data/media" in (settings.BASE_DIR / "Dockerfile").read_text(encoding="utf-8")
    buckets = re.findall(r"^#(MEDIA_S3_\w+)=", (settings.BASE_DIR / ".env.example").read_text("utf-8"), re.MULTILINE)
    assert len(buckets) == 5
    assert set(buckets) <= service("web")["environment"].keys()


def test_only_migrations_know_the_owner():
    environment = service("migrate")["environment"]
    assert environment["MIGRATION_DATABASE_URL"].startswith("postgresql://leadsite_owner:${DATABASE_OWNER_PASSWORD:?")
    assert environment["DATABASE_SQL_ROLE"] == "leadsite_sql"
    assert "POSTGRES_PASSWORD" not in " ".join(map(str, environment.values()))


def test_the_database_cannot_reach_the_internet_nor_be_reached():
    assert service("db")["networks"] == ["database"]
    assert "ports" not in service("db")
    assert compose()["networks"]["database"]["internal"] is True


def test_images_are_named_by_digest():
    dockerfile = (settings.BASE_DIR / "Dockerfile").read_text(encoding="utf-8")
    images = [line.split()[1] for line in dockerfile.splitlines() if line.startswith("FROM")]
    images += [service("db")["image"]]
    assert len(images) == 3
    assert [image for image in images if not DIGEST.fullmatch(image)] == []


def test_new_digests_are_written_into_both_files(tmp_path: Path):
    """With a docker that answers as the registry would."""
    docker = tmp_path / "bin/docker"
    docker.parent.mkdir()
    docker.write_text(f"#!/bin/sh\ncase $* in *python*) echo sha256:{'a' * 64} ;; *) echo sha256:{'b' * 64} ;; esac\n")
    docker.chmod(0o755)
    (tmp_path / "deploy").mkdir()
    for name in ("docker-compose.yml", "Dockerfile", "deploy/pin-images"):
        (tmp_path / name).write_bytes((settings.BASE_DIR / name).read_bytes())
    path = f"{docker.parent}:{os.environ['PATH']}"
    subprocess.run(["sh", tmp_path / "deploy/pin-images"], env={"PATH": path}, check=True, capture_output=True)
    assert (tmp_path / "Dockerfile").read_text().count(f"FROM python:3.11-slim@sha256:{'a' * 64}") == 2
    assert f"image: postgres:18@sha256:{'b' * 64}" in (tmp_path / "docker-compose.yml").read_text()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["Dockerfile", "bin", "deploy", "docker-compose.yml"]


def test_the_roles_script_keeps_passwords_out_of_arguments():
    script = settings.BASE_DIR / "deploy/postgres/roles.sh"
    assert os.access(script, os.X_OK)
    text = script.read_text(encoding="utf-8")
    assert "\\getenv owner_password DATABASE_OWNER_PASSWORD" in text
    assert "--set=owner_password" not in text
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0
