"""The state of the audited tables as the audit says, compared with the tables; and random work for it."""

import json
import random
from typing import Any

from conversations.models import Conversation
from leads.models import Lead
from leadsite.audit.models import AuditEntry
from leadsite.audit.tables import AUDITED
from leadsite.core.statements import fetch_rows
from tests.factories import Business
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox

# What people may write into a lead.
STATUSES = ("new", "contacted", "qualified")


def rebuilt() -> dict[tuple[str, str], dict[str, Any]]:
    """Apply all entries in their order, starting with nothing."""
    state: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in AuditEntry.objects.order_by("id"):
        key = (entry.table_name, str(entry.row_id))
        if entry.action == "insert":
            assert key not in state
            state[key] = entry.after
        elif entry.action == "delete":
            assert state.pop(key) == entry.before
        else:
            assert {name: state[key][name] for name in entry.before if name in state[key]} == {
                name: value for name, value in entry.before.items() if value != "(secret)"
            }
            state[key] |= {name: value for name, value in entry.after.items() if value != "(secret)"}
    return state


def stored() -> dict[tuple[str, str], dict[str, Any]]:
    state = {}
    for table in AUDITED.values():
        row_id = "id" if table.key == "id" else f"md5({table.key})::uuid"
        left_out = list(table.ignored + table.secret)
        rows = fetch_rows(f"SELECT ({row_id})::text, to_jsonb(t) - %s::text[] FROM {table.name} AS t", [left_out])
        for key, row in rows:
            state[table.name, key] = json.loads(row) if isinstance(row, str) else row
    return state


class Work:
    """Random things that people and programs do with the leads of a business."""

    def __init__(self, owner: Business, *, operations: int, seed: int = 1) -> None:
        self.owner = owner
        self.chance = random.Random(seed)
        self.inbox = Inbox(owner)
        self.phones = [f"+49151{number:08d}" for number in range(max(3, operations // 10))]
        kinds = (self.create, self.batch, self.patch, self.close, self.deliver, self.call, self.by_hand, self.remove)
        self.create()
        for number in range(operations):
            # Each kind is done, the first ones too where the others are.
            (kinds[number] if number < len(kinds) else self.chance.choice(kinds))()
            if number % 500 == 0:
                # autovacuum sees nothing of a test's transaction.
                fetch_rows("ANALYZE customers, conversations, leads, messages, audit_entries")

    def some(self, model: Any) -> Any:
        return model.objects.order_by("?").values_list("pk", flat=True).first()

    def create(self) -> None:
        name = self.chance.choice(("Ada", "Bo", "Zoë 😀"))
        self.owner.post_lead(customer_phone=self.chance.choice(self.phones), customer_name=name)

    def batch(self) -> None:
        phones = self.chance.sample(self.phones, 3)
        leads = [{"customer_phone": phone, "customer_name": "B", "type": "booking"} for phone in phones]
        self.owner.client.post("/api/leads/batch", {"leads": leads}, format="json")

    def patch(self) -> None:
        change = {"details": f"{self.chance.random()}", "status": self.chance.choice(STATUSES), "customer_name": "C"}
        self.owner.client.patch(f"/api/leads/{self.some(Lead)}", change, format="json")

    def close(self) -> None:
        status = self.chance.choice(("completed", "archived", "active"))
        path = f"/api/conversations/{self.some(Conversation)}"
        self.owner.client.patch(path, {"status": status}, format="json")

    def deliver(self) -> None:
        self.inbox.gets(*(meta.text("Hi", from_=phone[1:]) for phone in self.chance.sample(self.phones, 2)))

    def call(self) -> None:
        self.owner.call_function(self.chance.choice(self.phones), "Called", "order")

    def by_hand(self) -> None:
        changes = {"referral": {"a": [None, 1], "b": None}, "assigned_to": self.owner.user}
        Lead.objects.filter(pk=self.some(Lead)).update(**changes)

    def remove(self) -> None:
        Lead.objects.filter(pk=self.some(Lead)).delete()
