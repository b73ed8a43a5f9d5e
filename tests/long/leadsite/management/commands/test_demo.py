"""manage.py demo in the environment of an installation."""

from pathlib import Path

import pytest

from leadsite.accounts.models import User
from leadsite.demo.data import EMAIL
from tests.sessions import database_url
from tests.site import environment, manage


@pytest.mark.django_db(transaction=True)
def test_it_refuses_the_secret_and_database_of_an_installation(tmp_path: Path):
    env = environment(tmp_path, LEADSITE_DEMO="true", DATABASE_URL=database_url(), SECRET_KEY="of an installation")
    ended = manage("demo", env=env)
    assert ended.returncode == 1
    assert "SECRET_KEY and DATABASE_URL are set, so this is an installation" in ended.stderr
    assert "LEADSITE_DEMO=force make run" in ended.stderr
    assert not User.objects.filter(email=EMAIL).exists()
