"""The order of a thread: by the provider's time, equal times in the order of the list, then of arrival.

Meta's times are whole seconds, and its ids are random.
"""

import pytest
from django.db.models import F
from django.utils import timezone

from conversations.models import Message
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.views import Views

LINES = [f"line {n}" for n in range(1, 13)]
# As random as Meta's ids: their order is not that of the lines.
IDS = [f"wamid.HBgL{n * 7 % 13:X}" for n in range(12)]


def shown(inbox: Inbox) -> list[str]:
    """The thread as staff and REST clients see it."""
    (thread,) = inbox.conversations
    on_page = [line.partition(" [")[0] for line in Views(inbox.business).page(thread)]
    path = f"/api/conversations/{thread.pk}/messages"
    newest_first = [row["content"] for row in inbox.business.client.get(path).json()["results"]]
    oldest_first = inbox.business.client.get(path, {"ordering": "created_at"}).json()["results"]
    assert on_page == newest_first[::-1] == [row["content"] for row in oldest_first]
    return on_page


def pages(inbox: Inbox, size: int) -> list[str]:
    """The whole thread, read page by page."""
    url = f"/api/conversations/{inbox.conversations[0].pk}/messages?page_size={size}"
    found = []
    while url:
        page = inbox.business.client.get(url).json()
        found += [row["content"] for row in page["results"]]
        url = page["next"]
    return found


EVENTS = [f"message.received: {line}" for line in LINES]


def test_messages_of_one_second_keep_the_order_of_the_list(inbox, views):
    inbox.gets(*(meta.text(line, id=id_) for line, id_ in zip(LINES, IDS, strict=True)))
    assert (shown(inbox), views.told()) == (LINES, [*EVENTS, "lead.created: line 1"])
    assert pages(inbox, 5) == LINES[::-1]
    assert inbox.leads[0].details == "line 1"


def test_messages_of_one_second_in_several_deliveries_keep_the_order_of_arrival(inbox, views):
    for line, id_ in zip(LINES, IDS, strict=True):
        inbox.gets(meta.text(line, id=id_))
    assert (shown(inbox), views.told()) == (LINES, [EVENTS[0], "lead.created: line 1", *EVENTS[1:]])
    assert pages(inbox, 5) == LINES[::-1]


def test_an_earlier_message_that_arrives_later_is_above(inbox):
    inbox.gets(meta.text("Second", timestamp=meta.NOON + 1))
    inbox.gets(meta.text("First"))
    assert shown(inbox) == ["First", "Second"]


@pytest.mark.parametrize("ahead", [200, 3, 0, -3, -1_000_000])
def test_an_answer_stays_between_question_and_reply_though_clocks_differ(inbox, ahead):
    """`ahead`: seconds by which the provider's clock is ahead of ours."""
    now = int(timezone.now().timestamp()) + ahead
    inbox.gets(meta.text("Are you open?", timestamp=now))
    (thread,) = inbox.conversations
    for answer in ("Until six.", "And tomorrow until noon."):
        inbox.business.client.post(f"/api/conversations/{thread.pk}/messages", {"message": answer}, format="json")
    inbox.gets(meta.text("Great", timestamp=now), meta.text("Thanks", timestamp=now + 1))
    assert shown(inbox) == ["Are you open?", "Until six.", "And tomorrow until noon.", "Great", "Thanks"]


def test_a_reply_to_our_first_message_is_below_it_though_our_clock_is_ahead(inbox):
    sent = {"to": f"+{meta.SHEENA}", "message": "Your cake is ready"}
    assert inbox.business.client.post("/api/whatsapp", sent, format="json").status_code == 202
    inbox.gets(meta.text("Great", timestamp=int(timezone.now().timestamp()) - 3))
    assert shown(inbox) == ["Your cake is ready", "Great"]
    assert inbox.conversations[0].waiting_since is not None


def test_an_answer_today_is_below_older_messages_that_arrive_later(inbox):
    """Such as those of another customer who turns out to be the same person."""
    day = 86_400
    now = int(timezone.now().timestamp())
    inbox.gets(meta.text("Ten days ago", timestamp=now - 10 * day))
    Message.objects.update(created_at=F("sort_at"))
    path = f"/api/conversations/{inbox.conversations[0].pk}/messages"
    inbox.business.client.post(path, {"message": "Today"}, format="json")
    inbox.gets(meta.text("Five days ago", timestamp=now - 5 * day))
    assert shown(inbox) == ["Ten days ago", "Five days ago", "Today"]


def test_a_repeated_delivery_does_not_change_the_order(inbox):
    first, second = meta.text("First", id="wamid.b"), meta.text("Second", id="wamid.a")
    inbox.gets(first, second)
    inbox.gets(second, first)
    assert shown(inbox) == ["First", "Second"]


def test_the_full_message_takes_the_place_of_its_placeholder(inbox):
    inbox.gets(meta.message("unsupported", {"type": "unknown"}, id="wamid.1"), meta.text("Second", id="wamid.0"))
    inbox.gets(meta.text("First", id="wamid.1"))
    assert shown(inbox) == ["First", "Second"]
