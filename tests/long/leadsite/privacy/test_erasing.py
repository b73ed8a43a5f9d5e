"""A person who came by every entry point is erased: a dump of the database has nothing of them, whatever happens at the
same moment, and also where the process is killed.
"""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection

from conversations.models import Conversation, Customer, Message
from leads.models import Lead
from leadsite.demo.embedded.programs import program
from leadsite.monitoring.integrity import check_integrity
from leadsite.privacy.erasing import erase_customer, finish_erasures
from leadsite.privacy.models import Erasure
from tests.database import delete_all_rows
from tests.factories import Business
from tests.leads import uploading
from tests.leads.importing.operator import import_leads, write
from tests.sessions import database_url, processes, session
from tests.site import until
from tests.staff import staff_of
from tests.whatsapp import meta, webhook_client
from tests.whatsapp.inbox import Inbox

pytestmark = pytest.mark.django_db(transaction=True)
PHONE, NAME = f"+{meta.SHEENA}", "Sheena Nelson"
ROW = "(650) 555-1234,Sheena,order,zebra order,"
HEX = re.compile(r"\\\\x([0-9a-f]{20,})")
TRACES = ("6505551234", "650 555", "650) 555", "555-1234", "Sheena", "zebra", meta.SHEENA_ID, "MTY1MDU1NTEyMzQ")


def dump() -> str:
    """pg_dump of the test database; columns of bytes as text too."""
    command = [program("pg_dump"), "--data-only", "--dbname", database_url()]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    decoded = [bytes.fromhex(found[: len(found) // 2 * 2]).decode("latin-1") for found in HEX.findall(text)]
    return "\n".join([text, *decoded])


def traces() -> list[str]:
    text = dump()
    return [trace for trace in TRACES if trace in text]


@pytest.fixture
def inbox(owner: Business) -> Iterator[Inbox]:
    yield Inbox(owner)
    delete_all_rows()


@pytest.fixture
def person(inbox: Inbox, tmp_path: Path) -> Customer:
    """Sheena, who came by webhook, REST, SQL, two imports and an upload; and Otto, who mentions her."""
    owner = inbox.business
    inbox.gets(
        meta.text("My zebra", from_user_id=meta.SHEENA_ID),
        meta.text("Sheena Nelson has +1 650 555-1234", from_="447700900123", id="wamid.other"),
        contacts=[meta.contact(user_id=meta.SHEENA_ID), meta.contact("447700900123", name="Otto")],
    )
    inbox.gets_statuses(meta.status("failed", errors=[meta.error(131049)]))
    owner.post_lead(customer_phone=PHONE, customer_name=NAME, details="zebra cake")
    owner.call_function(PHONE, NAME, "order", "zebra pie")
    import_leads(
        owner,
        write(tmp_path / "a.csv", ROW, "12,Sheena (650) 555-1234 or 650 555 1234,order,zebra,"),
        "--region",
        "US",
    )
    staff = staff_of(owner)
    uploading.upload(staff, f"phone,name,type,notes\n{PHONE},{NAME},order,zebra upload\n")
    customer = Customer.objects.get(phone=PHONE)
    staff.client.post(
        f"/admin/conversations/customer/{customer.pk}/change/", {"name": f"{NAME} zebra", "phone": PHONE}, follow=True
    )
    lead = Lead.objects.filter(conversation__customer=customer).first()
    assert lead is not None
    owner.client.patch(f"/api/leads/{lead.pk}", {"details": "zebra change"}, format="json")
    owner.client.delete(f"/api/leads/{lead.pk}")
    return customer


def test_a_dump_has_nothing_of_the_person(person: Customer) -> None:
    assert set(traces()) == set(TRACES)
    call_command("erase_customer", "--user", person.user.email, "--phone", PHONE, "--yes")
    assert traces() == []
    assert [customer.name for customer in Customer.objects.all()] == ["Otto"]
    assert "[erased]" in Message.objects.get().content
    assert check_integrity() == []


def deliver(body: bytes) -> None:
    """In another process, or another thread."""
    webhook_client.receive(body)
    connection.close()


def test_deliveries_at_the_same_moment_bring_nobody_back_and_lose_nothing(person: Customer, inbox: Inbox) -> None:
    user_id, customer_id = person.user_id, person.pk
    old = [
        meta.body(
            meta.messages_value(messages=[meta.text(f"zebra {n}", id=f"wamid.old{n}")], contacts=[meta.contact()])
        )
        for n in range(40)
    ]
    others = [
        meta.body(meta.messages_value(messages=[meta.text("Hi", from_=f"4477009001{n:02}", id=f"wamid.o{n}")]))
        for n in range(40)
    ]
    with processes(2) as pool, ThreadPoolExecutor(1) as erasing:
        delivered = [pool.submit(deliver, body) for pair in zip(old, others, strict=True) for body in pair]
        erased = erasing.submit(_erase, str(user_id), str(customer_id))
        erased.result()
        again = [pool.submit(deliver, body) for body in old]
        for one in [*delivered, *again]:
            one.result()
    finish_erasures()
    assert not Customer.objects.filter(phone=PHONE).exists()
    assert Message.objects.filter(provider_id__startswith="wamid.o", content="Hi").count() == 40
    assert not Message.objects.filter(content__startswith="zebra").exists()
    assert Conversation.objects.filter(customer=None).count() == 0
    assert [trace for trace in traces() if trace != "MTY1MDU1NTEyMzQ"] == []
    assert check_integrity() == []


def _erase(user_id: str, customer_id: str) -> None:
    erase_customer(user_id=UUID(user_id), customer_id=UUID(customer_id))
    connection.close()


def test_a_killed_erasure_is_finished_by_a_worker(person: Customer) -> None:
    user_id, customer_id = person.user_id, person.pk
    with session() as other, processes(1) as pool:
        # The search waits here, after the person's own rows are gone.
        other.execute("LOCK TABLE webhook_events IN ACCESS EXCLUSIVE MODE")
        pid = pool.submit(os.getpid).result()
        pool.submit(_erase, str(user_id), str(customer_id))
        until(Erasure.objects.exists)
        os.kill(pid, signal.SIGKILL)
    assert Erasure.objects.get().finished_at is None
    assert not Customer.objects.filter(pk=customer_id).exists()
    assert json.loads(json.dumps(Erasure.objects.get().removed))["customers"] == 1
    until(lambda: finish_erasures() == 1)
    assert traces() == []
