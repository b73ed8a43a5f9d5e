"""Several windows of one browser: which of them asks what is new, and that one alone says who has written."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from playwright.sync_api import Page, expect

from conversations.models import Message
from leadsite.accounts.models import User
from leadsite.inbox.models import InboxPreference
from tests.leadsite.inbox.chats import answers, asks, says
from tests.long.leadsite.inbox.test_views_browser import INBOX, LIVE_MS, NOTIFIED, Team, team

__all__ = ["team"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Headless windows are all in view; `isInView` says which are. Each notes its notifications and sounds.
WINDOW = f"""
    window.isInView = false;
    window.rung = 0;
    Object.defineProperty(document, "hidden", {{get: () => !isInView}});
    Object.defineProperty(navigator, "userActivation", {{value: {{hasBeenActive: true}}}});
    window.AudioContext = class {{
        constructor() {{ rung += 1; }}
        createGain() {{
            return {{gain: {{setValueAtTime() {{}}, exponentialRampToValueAtTime() {{}}}}, connect: () => null}};
        }}
        createOscillator() {{ return {{frequency: {{}}, connect: one => one, start() {{}}, stop() {{}}}}; }}
    }};
    ({NOTIFIED})();
"""


def three_windows(team: Team) -> list[Page]:
    person = team.do(lambda: User.objects.get(email="mara@bakery.example"))
    team.do(lambda: InboxPreference.objects.create(person=person, sound=True, notifications=True))
    context = team.window("mara@bakery.example").page.context
    context.add_init_script(WINDOW)
    pages = [context.pages[0], context.new_page(), context.new_page()]
    for page in pages:
        page.goto(f"{team.site}{INBOX}")
    return pages


def is_answer(response: Any) -> bool:
    return "/live/?" in response.url


def who_asks(pages: list[Page], answers: int) -> list[int]:
    """The windows that the next answers are for."""
    asked = []
    for _ in range(answers):
        with pages[0].context.expect_event("response", is_answer, timeout=3 * LIVE_MS) as event:
            pass
        asked.append(pages.index(event.value.frame.page))
    return asked


@pytest.mark.parametrize("in_view", [[], [1], [0, 2]], ids=["none in view", "one in view", "two in view"])
def test_of_the_windows_of_a_browser_one_says_who_has_written(team: Team, in_view: list[int]):
    pages = three_windows(team)
    for number in in_view:
        pages[number].evaluate("isInView = true")
    who_asks(pages, 3)  # each of them may have asked before one told the others
    asked = set(who_asks(pages, 3))
    assert asked == set(in_view) if in_view else len(asked) == 1
    team.customer_writes("Hello?")
    for page in pages:
        expect(page).to_have_title("(1) Inbox | leadsite", timeout=LIVE_MS)
    who_asks(pages, 2)
    assert sum(page.evaluate("notified.length") for page in pages) == 1
    assert sum(page.evaluate("rung") for page in pages) == 1


# The pauses between questions that a page has begun.
PAUSES = """
    const later = window.setTimeout;
    window.pauses = [];
    window.setTimeout = (work, pause) => {
        if (pause > 1000 && pause < 60000) pauses.push(pause);
        return later(work, pause);
    };
"""


@pytest.mark.parametrize("is_in_view", [True, False], ids=["in view", "hidden"])
def test_a_change_is_seen_within_three_seconds_of_the_page(team: Team, is_in_view: bool):
    """By the page's own clock, from the end of one answer to the next one: how long that takes is up to the machine."""
    chat = team.do(partial(asks, team.owner, "Bruno"))
    team.do(partial(answers, chat, "Hi"))
    page = team.window("mara@bakery.example").page
    page.clock.install()
    page.clock.pause_at(timezone.now() + timedelta(minutes=1))
    hidden = f"Object.defineProperty(document, 'hidden', {{get: () => {str(not is_in_view).lower()}}});"
    page.add_init_script(PAUSES + hidden)
    page.goto(f"{team.site}{INBOX}?tab=all")
    page.wait_for_function("pauses.length === 1")
    page.clock.run_for(5000)
    page.wait_for_function("pauses.length === 2")
    changes: dict[str, Callable[[], Any]] = {
        ".inbox-row:has-text('Hello')": partial(answers, chat, "Hello"),
        ".tick-read": lambda: Message.objects.filter(direction="out").update(status="read"),
        ".inbox-row:has-text('Amina')": partial(asks, team.owner, "Amina"),
    }
    for number, (place, change) in enumerate(changes.items()):
        team.do(change)
        page.clock.run_for(2900)
        expect(page.locator(place)).to_be_visible(timeout=LIVE_MS)
        page.wait_for_function(f"pauses.length === {number + 3}")
    expect(page).to_have_title("(1) Inbox | leadsite")


def test_an_edit_of_a_message_of_an_older_page_is_at_its_bubble_without_a_reload(team: Team):
    chat = team.do(lambda: asks(team.owner, "Amina", "A cake"))
    first = team.do(lambda: Message.objects.get(content="A cake"))
    now = timezone.now()

    def much_more() -> None:
        Message.objects.filter(pk=first.pk).update(provider_id="wamid.first")
        for number in range(60):
            says(chat, f"Number {number}.", at=now + timedelta(seconds=number))

    team.do(much_more)
    page = team.window("mara@bakery.example").page
    page.goto(f"{team.site}{INBOX}{chat.pk}/?tab=all#m-{first.pk}")
    bubble = page.locator(f"#m-{first.pk}")
    expect(bubble.locator(".bubble-text")).to_have_text("A cake", timeout=LIVE_MS)
    later = now + timedelta(minutes=5)
    team.do(lambda: says(chat, "Two cakes", at=later, kind="edit", extras={"target": "wamid.first"}))
    expect(bubble.locator(".bubble-text")).to_have_text("Two cakes", timeout=LIVE_MS)
    expect(bubble.locator("details.bubble-former")).to_contain_text("A cake")


def test_ticks_of_an_older_page_move_without_a_reload(team: Team):
    chat = team.do(lambda: asks(team.owner, "Amina", "A cake"))
    now = timezone.now()
    sent = team.do(lambda: [answers(chat, f"Answer {number}", at=now) for number in range(3)])

    def much_more() -> None:
        for number in range(60):
            says(chat, f"Number {number}.", at=now + timedelta(seconds=number + 1))
        Message.objects.update(updated_at=now - timedelta(hours=1))

    team.do(much_more)
    page = team.window("mara@bakery.example").page
    page.goto(f"{team.site}{INBOX}{chat.pk}/?tab=all#m-{sent[0].pk}")
    for message in sent:
        expect(page.locator(f"#m-{message.pk} .tick-sent")).to_be_visible(timeout=LIVE_MS)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "about=" in request.url else None)
    team.do(lambda: Message.objects.filter(direction="out").update(status="read", updated_at=Now()))
    for message in sent:
        expect(page.locator(f"#m-{message.pk} .tick-read")).to_be_visible(timeout=LIVE_MS)
    assert len(asked) == 1
    failed = {"status": "failed", "error": "131026", "updated_at": Now()}
    team.do(lambda: Message.objects.filter(pk=sent[1].pk).update(**failed))
    expect(page.locator(f"#m-{sent[1].pk} .tick-failed")).to_be_visible(timeout=LIVE_MS)
