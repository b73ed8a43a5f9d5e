"""Builds a conversation with messages as the webhook stores them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from conversations.admin.thread_entries import Entry, read_thread
from conversations.models import Conversation, Message
from leads.models import Lead
from tests.factories import Business
from tests.staff import address, staff_of

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Chat:
    """A conversation with one message a minute."""

    def __init__(self, business: Business) -> None:
        lead = business.has_lead()
        self.business, self.lead = business, Lead.objects.get(pk=lead.lead_id)
        self.conversation = Conversation.objects.get(pk=lead.conversation_id)
        self.minutes = 0

    def says(self, content: str = "", kind: str = "text", target: str | None = None, **fields: Any) -> Message:
        self.minutes += 1
        extras = fields.pop("extras", {}) | ({"target": target} if target else {})
        columns = {
            "direction": "in",
            "status": "received",
            "provider_id": f"wamid.{self.minutes}",
            "provider_time": NOON + timedelta(minutes=self.minutes),
        }
        columns["sort_at"] = fields.get("provider_time", columns["provider_time"]) or timezone.now()
        row = columns | {"content": content, "kind": kind, "extras": extras} | fields
        return Message.objects.create(user=self.business.user, conversation=self.conversation, **row)

    def answers(self, content: str, status: str = "sent", **fields: Any) -> Message:
        return self.says(content, direction="out", status=status, **fields)

    def entries(self) -> list[Entry]:
        return read_thread(self.conversation).entries

    def page(self) -> str:
        response = staff_of(self.business).get(address("change", self.conversation))
        assert response.status_code == 200
        return str(response.content.decode())
