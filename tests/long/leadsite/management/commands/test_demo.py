"""manage.py demo in the environment of an installation."""

import socket
from pathlib import Path

import pytest

from leadsite.accounts.models import User
from leadsite.demo.data import EMAIL
from leadsite.demo.supervisor import HOST
from tests.sessions import database_url
from tests.site import environment, free_port, manage


@pytest.mark.django_db(transaction=True)
def test_it_refuses_the_secret_and_database_of_an_installation(tmp_path: Path):
    installed = {"DATABASE_URL": database_url(), "SECRET_KEY": "of an installation"}
    # Its port is taken, so that a demo that is not refused does not serve for ever.
    with socket.create_server((HOST, free_port())) as taken:
        env = environment(tmp_path, LEADSITE_DEMO="true", PORT=str(taken.getsockname()[1]), **installed)
        ended = manage("demo", env=env)
    assert not User.objects.filter(email=EMAIL).exists()
    assert ended.returncode == 1
    assert "SECRET_KEY and DATABASE_URL are set, so this is an installation" in ended.stderr
    assert "LEADSITE_DEMO=force make run" in ended.stderr
