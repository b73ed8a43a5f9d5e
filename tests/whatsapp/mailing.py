"""A business that sends messages to customers through a stub of the provider."""

from typing import Any

from conversations.models import Message
from tests.factories import NOTHING, Business
from tests.whatsapp import meta
from tests.whatsapp.graph import Graph
from whatsapp.channels import connect_channel
from whatsapp.models import Channel
from whatsapp.outbound.enqueue import MessageContent, Queued, Recipient, send_message
from whatsapp.outbound.worker import Sender

TOKEN = "EAAG-a-token-of-this-test"
NEW_TOKEN = "EAAG-another-token"
AMINA, BRUNO = "+4915123456789", "+4915100000002"
HELLO = {"to": AMINA, "message": "Your cake is ready"}
TEMPLATE = {"name": "cake_ready", "language": "en_US"}


class Mailing:
    """A business's number and its outgoing messages."""

    def __init__(self, business: Business, graph: Graph, number: str = meta.CHANNEL, token: str = TOKEN) -> None:
        self.business = business
        self.graph = graph
        self.channel = connect_channel(user_id=business.id, phone_number_id=number, access_token=token)

    def writes(self, text: str = "Your cake is ready", to: str = AMINA, **fields: Any) -> Message:
        recipient = Recipient(phone=to) if to.startswith("+") else Recipient(whatsapp_user_id=to)
        queued = send_message(user_id=self.business.id, to=recipient, message=MessageContent(content=text), **fields)
        return self.message(queued)

    def message(self, queued: Queued) -> Message:
        return Message.objects.get(pk=queued.message_id)

    def post(self, path: str = "/api/whatsapp", **body: Any) -> Any:
        return self.business.client.post(path, body, format="json")

    def send_due(self) -> int:
        """Send the messages that are due, as a worker does. Returns the number of attempts."""
        return Sender().drain()

    def send_all(self) -> int:
        """Make all queued messages due and send them. Returns the number of attempts."""
        Message.objects.filter(status="queued").update(due_at="2026-01-01T00:00:00Z")
        Channel.objects.update(paced_until=None)
        return self.send_due()

    def states(self) -> list[tuple[str, str]]:
        rows = Message.objects.filter(user=self.business.user, direction="out").order_by("pk")
        return [(row.content, row.status) for row in rows]

    def reload(self) -> Channel:
        self.channel.refresh_from_db()
        return self.channel


def reloaded(message: Message) -> Message:
    """The message's current row."""
    message.refresh_from_db()
    return message


def nothing_stored(business: Business) -> bool:
    assert business.row_counts() == NOTHING
    assert not Message.objects.exists()
    return True
