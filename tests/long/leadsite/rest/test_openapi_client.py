"""A Python client generated from the committed schema does what an integrator does."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings

from leads.models import Lead
from tests.factories import Business

PACKAGE = "leadsite_client"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """Run the command in docs/api.md, and import the generated package."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "config.yaml").write_text("post_hooks: []\n")
    subprocess.run(
        [
            *(str(Path(sys.executable).parent / "openapi-python-client"), "generate", "--meta=none"),
            *("--fail-on-warning", f"--path={settings.BASE_DIR / 'docs' / 'openapi.yaml'}"),
            *(f"--output-path={folder / PACKAGE}", f"--config={folder / 'config.yaml'}"),
        ],
        check=True,
        timeout=60,
    )
    sys.path.insert(0, str(folder))
    yield importlib.import_module(PACKAGE)
    sys.path.remove(str(folder))


def operation(name: str) -> Any:
    return importlib.import_module(f"{PACKAGE}.api.{name}")


def model(name: str) -> Any:
    return getattr(importlib.import_module(f"{PACKAGE}.models"), name)


@pytest.mark.django_db(transaction=True)
def test_the_generated_client_runs_the_main_flow(package: Any, owner: Business, live_server: Any) -> None:
    connection = package.AuthenticatedClient(live_server.url, token=owner.api_key, raise_on_unexpected_status=True)
    with connection as client:
        main_flow(client)


def main_flow(client: Any) -> None:
    new_lead = model("NewLeadRequest")(
        customer_phone="+4915123456789", customer_name="Amina", type_=model("LeadType").ORDER, details="A lemon cake"
    )
    created = operation("leads.leads_create").sync(client=client, body=new_lead, idempotency_key="one")
    assert operation("leads.leads_create").sync(client=client, body=new_lead, idempotency_key="one") == created
    assert Lead.objects.count() == 1

    lead = operation("leads.leads_retrieve").sync(created.lead_id, client=client)
    assert (lead.customer_name, lead.details, lead.status) == ("Amina", "A lemon cake", model("LeadStatus").NEW)
    change = model("PatchedLeadChangeRequest")(status=model("LeadStatus").QUALIFIED, version=lead.version)
    changed = operation("leads.leads_partial_update").sync(created.lead_id, client=client, body=change)
    assert changed.status == model("LeadStatus").QUALIFIED
    stale = operation("leads.leads_partial_update").sync(created.lead_id, client=client, body=change)
    assert (stale.success, stale.code) == (False, "stale_version")

    page = operation("leads.leads_list").sync(client=client, q="lemon")
    assert [found.id for found in page.results] == [created.lead_id]
    reply = model("ReplyRequest")(message="On Saturday")
    queued = operation("conversations.conversations_messages_create").sync(
        created.conversation_id, client=client, body=reply
    )
    sent = operation("messages.messages_retrieve").sync(queued.message_id, client=client)
    assert (sent.content, sent.status.value) == ("On Saturday", "queued")
