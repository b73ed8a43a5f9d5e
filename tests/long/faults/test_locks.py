"""Locks that another program holds for half a minute, under load."""

import threading
import time
from collections.abc import Callable

import psycopg
import requests

from tests.long.faults.cases import Promise
from tests.long.faults.stage import Stage
from tests.long.faults.table import Result
from tests.long.faults.writers import lead, new_phone, post

Hold = Callable[..., Result]

LOCKED_SECONDS = 30


def locked_customer(stage: Stage) -> None:
    """Lock one customer. Those who write to it are told to come again; nobody else notices."""
    key = {"Authorization": f"Bearer {stage.api_key}"}
    mine = lead("before the lock", 0, phone=new_phone())
    assert post(f"{stage.address}/api/leads", key, json=mine).status_code == 201
    answers: list[requests.Response] = []
    with psycopg.connect(stage.url) as holder:
        holder.execute("SELECT FROM customers WHERE phone = %s FOR UPDATE", [mine["customer_phone"]])
        end = time.monotonic() + stage.lasting(LOCKED_SECONDS)
        while time.monotonic() < end:
            answers.append(post(f"{stage.address}/api/leads", key, json=mine))
    assert {answer.status_code for answer in answers} == {503}
    assert all("Retry-After" in answer.headers for answer in answers)


def locked_table(stage: Stage) -> None:
    with psycopg.connect(stage.url) as holder:
        holder.execute("LOCK TABLE leads IN ACCESS EXCLUSIVE MODE")
        time.sleep(stage.lasting(LOCKED_SECONDS))


def waiting_alter_table(stage: Stage) -> None:
    """Somebody reads for long, ALTER TABLE waits for them, and all who need the table wait behind it."""

    def alter() -> None:
        with psycopg.connect(stage.url) as migration:
            migration.execute("ALTER TABLE leads ALTER COLUMN details SET STATISTICS 100")
            migration.rollback()

    altering = threading.Thread(target=alter)
    with psycopg.connect(stage.url) as reader:
        reader.execute("SELECT count(*) FROM leads")
        altering.start()
        time.sleep(stage.lasting(10))
    altering.join()


def test_a_locked_customer_is_the_only_one_who_waits(hold: Hold) -> None:
    result = hold("customer locked", locked_customer, Promise(ready=True))
    assert result.not_stored < 0.02, result.line()


def test_a_locked_table(hold: Hold) -> None:
    hold("table locked", locked_table, Promise(ready=True))


def test_a_waiting_alter_table(hold: Hold) -> None:
    hold("ALTER TABLE waiting", waiting_alter_table, Promise(ready=True))
