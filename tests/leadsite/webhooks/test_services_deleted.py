"""The events lead.deleted and lead.restored."""

from leads.models import Lead
from tests.factories import Business, call
from tests.leadsite.webhooks.integrator import Integrator
from tests.leadsite.webhooks.receiver import Receiver


def test_events_tell_of_both_with_the_lead_as_the_api_has_it(owner: Business, receiver: Receiver) -> None:
    integrator = Integrator(owner, receiver, "/hook", ["lead.deleted", "lead.restored", "lead.updated"])
    path = f"/api/leads/{owner.has_lead().lead_id}"
    owner.client.delete(path)
    (listed,) = owner.client.get("/api/leads?deleted=true").json()["results"]
    Lead.all_objects.update(details="changed by SQL while it was deleted")
    Lead.all_objects.update(details=listed["details"])
    restored = owner.client.post(f"{path}/restore").json()
    events = [row.payload for row in integrator.rows()]
    assert [event["type"] for event in events] == ["lead.deleted", "lead.restored"]
    assert [event["data"] for event in events] == [listed, restored]


def test_sql_clients_cause_them_too(owner: Business, integrator: Integrator) -> None:
    made = owner.has_lead()
    for operation in ("delete", "delete", "restore", "restore"):
        call(f"{operation}_lead_with_conversation", owner.id, made.lead_id)
    assert integrator.types() == ["lead.created", "lead.deleted", "lead.restored"]
