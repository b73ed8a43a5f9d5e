"""Where messages are seen, for tests: the rows, the inbox's page, the API, and the events for integrators."""

from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any, Final, NamedTuple

from django.urls import reverse

from conversations.models import Conversation, Message
from leadsite.webhooks.models import EventType, WebhookEvent
from leadsite.webhooks.services import create_endpoint
from tests.factories import Business
from tests.leadsite.webhooks.test_services import times_read
from tests.staff import staff_of
from whatsapp.models import Channel

NUMBER: Final = "+1 555-078-3881"
# Times, icons, files and buttons: they have tests of their own.
_LEFT_OUT: Final = {
    *("thread-day", "thread-time", "material-symbols-outlined"),
    *("bubble-file-state", "bubble-file", "bubble-decisions"),
}


class Seen(NamedTuple):
    """One line for each message of a conversation, in the order of the thread, and for each event of the business."""

    rows: list[str]
    page: list[str]
    api: list[str]
    events: list[str]


class Views:
    """A person of the business, and an integrator who has subscribed to all events; made before the deliveries."""

    def __init__(self, business: Business) -> None:
        self.business = business
        # Otherwise the first delivery fills it, after its events.
        Channel.objects.filter(user=business.user, display_number="").update(display_number=NUMBER)
        create_endpoint(user_id=business.id, url="https://integrator.example/", events=EventType.values)
        self.staff = staff_of(business)

    def seen(self, thread: Conversation | None = None) -> Seen:
        """What is seen of a conversation, by default the only one."""
        thread = thread or Conversation.objects.get(user=self.business.user)
        answers = self.answers(thread)
        api = [f"{one['direction']} {one['kind']}: {one['text']}" for one in answers]
        return Seen(self.rows(thread), self.page(thread), api, self.events(answers))

    def rows(self, thread: Conversation) -> list[str]:
        rows = Message.objects.filter(conversation=thread).order_by("sort_at", "pk")
        return [f"{row.direction} {row.kind}: {row.content}" for row in rows]

    def panes(self, thread: Conversation) -> str:
        """The chat and its customer, as the inbox shows them."""
        answer = self.staff.get(reverse("inbox-panes", args=[thread.pk]))
        assert answer.status_code == 200, answer.content
        return str(answer.content.decode())

    def page(self, thread: Conversation) -> list[str]:
        reader = _Thread()
        reader.feed(self.panes(thread))
        return [_line(item) for item in reader.items]

    def answers(self, thread: Conversation) -> list[dict[str, Any]]:
        """The messages of the conversation, from the API."""
        answer = self.business.client.get(f"/api/conversations/{thread.pk}/messages")
        return list(answer.json()["results"][::-1])

    def events(self, answers: Sequence[dict[str, Any]] = ()) -> list[str]:
        """All events of the business; the newest of each message and lead says what the API answers now.

        `answers`: those that are known already.
        """
        events = list(WebhookEvent.objects.filter(user=self.business.user).order_by("pk"))
        known = {answer["id"]: answer for answer in answers}
        for event in {event.payload["data"]["id"]: event for event in events}.values():
            told = event.payload["data"]
            kind = event.type.partition(".")[0]
            answer = known.get(told["id"]) or self.business.client.get(f"/api/{kind}s/{told['id']}").json()
            # A row may change in ways that are no event.
            told, answer = times_read(told), times_read(answer | {"updated_at": told["updated_at"]})
            assert {name: told.get(name) for name in answer if told.get(name) != answer[name]} == {}, event.type
        return self.told()

    def told(self) -> list[str]:
        """All events of the business, also where the API answers otherwise by now."""
        events = WebhookEvent.objects.filter(user=self.business.user).order_by("pk")
        return [f"{event.type}: {_said(event.payload['data'])}" for event in events]


def _said(data: dict[str, Any]) -> str:
    """What an event says of a message or a lead; of a message of the business its status."""
    text = str(data["details"] if "details" in data else data["text"])
    return f"{text} ({data['status']})" if data.get("direction") == "out" else text


class _Thread(HTMLParser):
    """Collects the texts of each item of the thread with the classes of the elements that they are in."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[list[tuple[set[str], str]]] = []
        self.open: list[tuple[str, set[str]]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        classes = set((given.get("class") or "").split())
        if given.get("id") == "messages":
            self.inside, self.open = True, []
        elif self.inside and tag not in ("input", "img", "source", "br"):
            self.open.append((tag, classes))
            if tag == "li" and classes & {"bubble", "thread-notice"}:
                self.items.append([])

    def handle_endtag(self, tag: str) -> None:
        if self.inside and self.open and self.open[-1][0] == tag:
            self.open.pop()
        elif tag == "ol":
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside and self.items and data.strip():
            classes = set().union(*(found for _, found in self.open))
            if not classes & _LEFT_OUT:
                self.items[-1].append((classes, data.strip()))


def _line(item: list[tuple[set[str], str]]) -> str:
    """The parts of a bubble one after another; what stands in its foot and below it in brackets."""
    parts = [text for classes, text in item if not classes & {"bubble-foot", "bubble-reactions"}]
    foot = [text for classes, text in item if "bubble-foot" in classes]
    if foot[:2] in (["to", NUMBER], ["from", NUMBER]):
        del foot[:2]
    below = [text for classes, text in item if "bubble-reactions" in classes]
    is_notice = bool(item) and "thread-notice" in item[0][0]
    ends = [f"[{text}]" for text in foot] + ([f"[{' '.join(below)}]"] if below else [])
    return " ".join([(" " if is_notice else " / ").join(parts), *ends])
