"""Deliveries while a process is killed and while the database is stopped: none is lost, none stored twice."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings

from leadsite.demo.embedded import EmbeddedPostgres
from tests.factories import Business
from tests.sessions import database_url, lock_customer, session, waiting
from tests.site import REPOSITORY, environment, manage, request, serving, until
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox, post
from tests.whatsapp.webhook_client import PATH
from whatsapp.inbound.signature import sign_for_meta
from whatsapp.models import WebhookDelivery

pytestmark = pytest.mark.django_db(transaction=True)

SHEENA = f"+{meta.SHEENA}"


def test_a_killed_replay_loses_and_duplicates_nothing(inbox: Inbox, owner: Business, tmp_path: Path) -> None:
    to_both = meta.text("Good", from_="4915123456700")
    for number in ("777", "888"):
        post(meta.body(meta.messages_value(number, messages=[meta.text(f"To {number}"), to_both])))
    inbox.gets(meta.text("Hello"))
    Inbox(owner, channel="777"), Inbox(owner, channel="888")
    env = environment(tmp_path, DATABASE_URL=database_url(), SECRET_KEY="a secret of this test")
    for _ in range(3):
        with session() as other_session, session() as observer:
            lock_customer(other_session, owner.id, SHEENA)
            replay = subprocess.Popen([sys.executable, "manage.py", "replay_deliveries"], cwd=REPOSITORY, env=env)
            until(lambda: waiting(observer) == 1)
            replay.send_signal(signal.SIGKILL)
            assert replay.wait(120) == -signal.SIGKILL
            other_session.rollback()
            until(lambda: not waiting(observer))
    assert manage("replay_deliveries", env=env).returncode == 0
    assert not WebhookDelivery.objects.exclude(state="processed").exists()
    assert inbox.counts() == (2, 2, 2, 4)


def test_without_its_database_the_site_answers_503_and_the_repeated_delivery_is_stored(tmp_path: Path) -> None:
    """Uses a separate cluster, which is stopped and started."""
    database = EmbeddedPostgres(tmp_path)
    database.start()
    secret = settings.WHATSAPP_APP_SECRETS[0]
    body = meta.body(meta.messages_value(messages=[meta.text("Hello")]))
    headers = {"X-Hub-Signature-256": sign_for_meta(body, secret)}
    env = environment(tmp_path, DATABASE_URL=database.url, SECRET_KEY="a secret of this test")
    try:
        assert manage("migrate", "--verbosity=0", env=env).returncode == 0
        connected = manage("create_business", "--email=o@bakery.example", f"--phone-number-id={meta.CHANNEL}", env=env)
        assert connected.returncode == 0, connected.stderr
        with serving(database.url, tmp_path, WHATSAPP_APP_SECRETS=secret) as site:

            def deliver() -> Any:
                return request("POST", site.address + PATH, data=body, headers=headers)

            database.stop()
            refused = deliver()
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
            database.start()
            assert until(lambda: deliver().status_code == 200)
            assert deliver().status_code == 200
        with psycopg.connect(database.url) as client:
            tables = ("customers", "conversations", "leads", "messages")
            counts = [client.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() for table in tables]
        assert counts == [(1,)] * 4
    finally:
        database.stop()
