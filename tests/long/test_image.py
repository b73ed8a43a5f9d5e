"""The steps of the Dockerfile, in a directory in place of an image."""

import re
import shutil
import subprocess
import sys

from django.conf import settings

from tests.site import environment


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
