"""What people write, their numbers and names, and keys are in no line of the log, at debug level either."""

import logging
from pathlib import Path

import pytest

from tests.factories import Business
from tests.leads.importing.operator import import_leads, write
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox

PHONE = "4915112345678"
WORDS = "Quince jelly for the wedding"
NAME = "Wilhelmina"


@pytest.mark.django_db
def test_no_line_has_a_number_a_token_or_a_text(
    owner: Business, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    inbox = Inbox(owner)
    lead = {"customer_phone": f"+{PHONE}", "customer_name": NAME, "type": "order", "details": WORDS}
    created = owner.client.post("/api/leads", lead, format="json").json()
    owner.client.post("/api/leads", lead | {"type": WORDS}, format="json")
    owner.client.post("/api/leads", lead | {"customer_phone": f"{PHONE} or {PHONE}"}, format="json")
    owner.client.post("/api/leads/batch", {"leads": [lead, lead | {"customer_phone": PHONE * 3}]}, format="json")
    owner.client.patch(f"/api/leads/{created['lead_id']}", {"details": WORDS, "status": WORDS}, format="json")
    owner.client.get("/api/leads", {"q": WORDS, "customer_phone": f"+{PHONE}"})
    owner.client.post("/api/whatsapp", {"to": f"+{PHONE}", "message": WORDS}, format="json")
    inbox.gets(meta.text(WORDS, from_=PHONE), meta.text("\0", from_=PHONE))
    owner.call_function(f"+{PHONE}", NAME, WORDS)
    rows = (f"+{PHONE},{NAME},order,{WORDS},", f"{PHONE * 2},{NAME},x,{WORDS},")
    import_leads(owner, write(tmp_path / "june.csv", *rows))
    text = "\n".join(f"{record.getMessage()} {record.exc_text or ''}" for record in caplog.records)
    assert text.count("request_finished") >= 7
    for secret in (PHONE, PHONE[2:], WORDS, NAME, owner.api_key):
        assert secret not in text, [line for line in text.splitlines() if secret in line]
