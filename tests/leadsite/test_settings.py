"""The settings of an installation that sets only what it must."""

import subprocess
import sys

from tests.site import REPOSITORY


def test_browsers_of_a_production_site_use_https_for_a_year():
    required = {"SECRET_KEY": "x" * 60, "DATABASE_URL": "postgresql://site@localhost/site"}
    command = "from leadsite import settings; print(settings.SECURE_HSTS_SECONDS)"
    printed = subprocess.run(
        [sys.executable, "-c", command], cwd=REPOSITORY, env=required, check=True, text=True, capture_output=True
    )
    assert printed.stdout.split() == ["31536000"]
