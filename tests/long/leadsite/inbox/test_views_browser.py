"""The inbox in two browsers at once: what one does, the other sees without a reload. Screenshots are in tmp_path."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from django.db import connections
from playwright.sync_api import Page, expect

from conversations.models import Conversation, Label, Message
from leadsite.accounts.models import Session, User
from leadsite.inbox.models import InboxPreference
from tests.browser import DESKTOP, PHONE, Window, browser, hold, serious, small_targets, tab_to
from tests.factories import Business
from tests.leadsite.inbox.chats import answers, asks, says
from tests.staff import person_of
from tests.whatsapp import meta, webhook_client
from whatsapp.models import Channel

PASSWORD = "correct horse battery"
INBOX = "/admin/inbox/"
# An open page asks every two seconds; other tests keep the machine busy meanwhile.
LIVE_MS = 12_000
T = TypeVar("T")

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Team:
    """Two people of a business, each in a browser of their own, and their customers."""

    def __init__(self, owner: Business, site: str, chromium: Any, thread: ThreadPoolExecutor) -> None:
        self.owner, self.site, self.chromium, self.thread = owner, site, chromium, thread
        self.windows: list[Window] = []

    def do(self, work: Callable[[], T]) -> T:
        """Use the database: Playwright runs an event loop in this thread, where Django refuses it."""
        return self.thread.submit(work).result()

    def window(self, email: str, **options: Any) -> Window:
        context = self.chromium.new_context(**({"viewport": DESKTOP, "locale": "en-GB"} | options))
        window = Window(context.new_page(), self.site)
        window.page.set_default_timeout(20_000)
        window.log_in(email, PASSWORD)
        window.page.locator("#inbox").wait_for()
        self.windows.append(window)
        return window

    def customer_writes(self, text: str, name: str = "Amina") -> None:
        message = meta.text(text, from_="4915123456789", timestamp=int(time.time()))
        contact = meta.contact("4915123456789", name=name)
        body = meta.body(meta.messages_value(messages=[message], contacts=[contact]))
        self.do(lambda: webhook_client.receive(body))


@pytest.fixture
def team(owner: Business, live_server: Any) -> Iterator[Team]:
    for name in ("mara", "ben"):
        person = person_of(owner, "agent", f"{name}@bakery.example")
        person.name = name.capitalize()
        person.set_password(PASSWORD)
        person.save()
    Channel.objects.create(user=owner.user, phone_number_id=meta.CHANNEL, display_number="+49 30 5550100")
    with ThreadPoolExecutor(1) as thread, browser() as chromium:
        team = Team(owner, live_server.url, chromium, thread)
        yield team
        for window in team.windows:
            assert window.errors == []
            assert window.hosts == {urlsplit(live_server.url).netloc}
        team.do(connections.close_all)


def box(page: Page) -> Any:
    return page.locator("#reply-text")


def test_two_people_at_once(team: Team, tmp_path: Path):
    mara, ben = team.window("mara@bakery.example"), team.window("ben@bakery.example")
    for window in (mara, ben):
        expect(window.page.get_by_text("No customer is waiting for an answer.")).to_be_visible()
    team.customer_writes("Do you bake on Sundays?")
    for window in (mara, ben):
        expect(window.page.locator(".inbox-row", has_text="Amina")).to_be_visible(timeout=LIVE_MS)
        expect(window.page).to_have_title("(1) Inbox | leadsite", timeout=LIVE_MS)
        window.page.locator(".inbox-row", has_text="Amina").click()
        expect(window.page.locator("#messages")).to_contain_text("Do you bake on Sundays?")
    expect(mara.page.locator(".inbox-present")).to_have_text("Ben is here", timeout=LIVE_MS)
    box(ben.page).press_sequentially("No, ne")
    expect(mara.page.locator(".inbox-present")).to_have_text("Ben types …", timeout=LIVE_MS)

    box(mara.page).fill("Yes, from eight")
    box(mara.page).press("Enter")
    expect(mara.page.locator(".bubble-out")).to_contain_text("Yes, from eight")
    expect(box(mara.page)).to_have_value("")
    # Before Ben sends, and when he sends.
    expect(ben.page.get_by_role("alert").filter(has_text="Mara has answered meanwhile")).to_be_visible(timeout=LIVE_MS)
    expect(ben.page.locator(".bubble-out")).to_contain_text("Yes, from eight")
    box(ben.page).press_sequentially("ver")
    box(ben.page).press("Enter")
    expect(ben.page.get_by_role("alert").filter(has_text="Mara has answered meanwhile")).to_be_visible()
    ben.page.screenshot(path=tmp_path / "warned.png")
    assert team.do(lambda: Message.objects.filter(direction="out").count()) == 1
    expect(box(ben.page)).to_have_value("No, never")
    box(ben.page).fill("And cakes on Saturday, too")
    ben.page.get_by_role("button", name="Send anyway").click()
    for window in (mara, ben):
        expect(window.page.locator(".bubble-out").last).to_contain_text("And cakes on Saturday, too", timeout=LIVE_MS)
        expect(window.page.get_by_role("alert").filter(has_text="meanwhile")).to_have_count(0)
    team.do(lambda: Message.objects.filter(direction="out").update(status="read"))
    expect(mara.page.locator(".tick-read")).to_have_count(2, timeout=LIVE_MS)
    team.customer_writes("Thank you!")
    for window in (mara, ben):
        expect(window.page.locator(".bubble-in").last).to_contain_text("Thank you!", timeout=LIVE_MS)


def test_what_was_asked_before_ones_own_answer_is_left_out(team: Team):
    mara, ben = team.window("mara@bakery.example").page, team.window("ben@bakery.example").page
    team.customer_writes("Do you bake on Sundays?")
    for page in (mara, ben):
        page.locator(".inbox-row", has_text="Amina").click(timeout=LIVE_MS)
    box(ben).fill("And cakes on Saturday")
    held = hold(ben, "**/chat/?*again=1*")
    with ben.expect_request("**/chat/?*again=1*", timeout=LIVE_MS):
        box(mara).fill("Yes, from eight")
        box(mara).press("Enter")
    box(ben).press("Enter")
    expect(ben.get_by_role("alert").filter(has_text="Mara has answered meanwhile")).to_be_visible()
    ben.get_by_role("button", name="Send anyway").click()
    expect(ben.locator(".bubble-out").last).to_contain_text("And cakes on Saturday")
    with ben.expect_response("**/chat/?*again=1*", timeout=LIVE_MS):
        held[0].continue_()
    team.customer_writes("Thank you!")
    expect(ben.locator(".bubble-in").last).to_contain_text("Thank you!", timeout=LIVE_MS)
    expect(ben.get_by_role("alert").filter(has_text="meanwhile")).to_have_count(0)


HEARD = """() => {
    window.heard = [];
    const said = document.getElementById("inbox-said");
    new MutationObserver(() => heard.push(said.textContent)).observe(said, {childList: true});
}"""


NOTIFIED = """() => {
    window.notified = [];
    window.Notification = class {
        static permission = "granted";
        constructor(title, options) { notified.push([title, options.body]); }
    };
    Object.defineProperty(document, "hasFocus", {value: () => false});
}"""


def test_a_notification_is_in_the_language_of_the_person(team: Team):
    def german() -> None:
        User.objects.filter(email="mara@bakery.example").update(language="de")
        person = User.objects.get(email="mara@bakery.example")
        InboxPreference.objects.create(person=person, notifications=True)

    team.do(german)
    page = team.window("mara@bakery.example").page
    with page.expect_response("**/live/?*", timeout=LIVE_MS):
        page.evaluate(NOTIFIED)
    team.customer_writes("Hello?")
    page.wait_for_function("notified.length", timeout=LIVE_MS)
    assert page.evaluate("notified") == [["Amina", "Amina hat geschrieben."]]


@pytest.mark.parametrize("part", ["**/list/?*", "**/chat/?*again=1*"], ids=["list", "chat"])
def test_what_could_not_be_read_once_is_read_by_the_next_question_and_announced_once(team: Team, part: str):
    team.customer_writes("Do you bake on Sundays?")
    window = team.window("mara@bakery.example")
    page = window.page
    page.locator(".inbox-row", has_text="Amina").click()
    expect(page.locator(".bubble-in").last).to_contain_text("Sundays")
    # Of the open chat only what is new is read from now on.
    with page.expect_response(lambda answer: "/live/" in answer.url and answer.status == 304):
        page.evaluate(HEARD)
    page.route(part, lambda route: route.fulfill(status=503), times=1)
    with page.expect_response(lambda answer: answer.status == 503, timeout=LIVE_MS):
        team.customer_writes("Hello?")
    expect(page.locator(".bubble-in").last).to_contain_text("Hello?", timeout=LIVE_MS)
    expect(page.locator(".inbox-row", has_text="Hello?")).to_be_visible(timeout=LIVE_MS)
    assert page.evaluate("heard") == ["Amina has written."]
    assert ["503" in error for error in window.errors] == [True]
    window.errors.clear()


def test_a_draft_survives_the_reload_and_the_end_of_the_session(team: Team):
    team.do(lambda: asks(team.owner, "Amina", "Do you bake on Sundays?"))
    page = team.window("mara@bakery.example").page
    page.locator(".inbox-row", has_text="Amina").click()
    box(page).press_sequentially("Yes, from")
    box(page).press("Shift+Enter")
    box(page).press_sequentially("eight")
    page.reload()
    expect(box(page)).to_have_value("Yes, from\neight")
    team.do(lambda: Session.objects.all().delete())
    box(page).press("Enter")
    page.get_by_label("E-mail").fill("mara@bakery.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(box(page)).to_have_value("Yes, from\neight")
    box(page).press("Enter")
    expect(page.locator(".bubble-out")).to_contain_text("eight")
    page.reload()
    expect(box(page)).to_have_value("")
    assert team.do(lambda: Message.objects.get(direction="out").content) == "Yes, from\neight"


def test_a_long_chat_begins_at_its_end_and_does_not_jump(team: Team):
    def fill() -> Conversation:
        chat = asks(team.owner, "Amina", "The very first")
        for number in range(130):
            says(chat, f"Number {number}")
        answers(chat, "The last")
        return chat

    chat = team.do(fill)
    page = team.window("mara@bakery.example").page
    page.goto(f"{team.site}{INBOX}{chat.pk}/?tab=all")
    expect(page.get_by_text("The last").last).to_be_in_viewport()
    thread = page.locator("#thread")
    thread.evaluate("it => { it.scrollTop = 300; }")
    expect(page.locator("#messages .bubble")).to_have_count(100)
    top = "it => document.getElementById('messages').querySelectorAll('.bubble')[50].getBoundingClientRect().top"
    first = thread.evaluate(top)
    team.do(lambda: says(chat, "Meanwhile"))
    expect(page.locator("#newer")).to_be_visible(timeout=LIVE_MS)
    assert abs(thread.evaluate(top) - first) < 1
    page.locator("#newer").click()
    expect(page.get_by_text("Meanwhile").last).to_be_in_viewport()
    thread.evaluate("it => { it.scrollTop = 0; }")
    expect(page.get_by_text("The very first", exact=True)).to_be_attached()


def two_chats(owner: Business) -> None:
    """One with more messages than anybody tabs through and a failed answer, one from right to left."""
    chat = asks(owner, "Amina", "Do you bake on Sundays?", minutes_ago=3)
    for number in range(15):
        says(chat, f"Number {number}", at=chat.last_message_at)
    failed = answers(chat, "Yes", status="failed", error="131026: Not on WhatsApp")
    says(chat, "Hello?", at=failed.sort_at)
    asks(owner, "נועה", "שלום")


# How often Tab may be pressed for the next step of the work.
FEW = 12


def open_by_search(page: Page, word: str) -> None:
    """From any page of the admin."""
    page.keyboard.press("Control+k")
    expect(page.locator("#inbox-search")).to_be_focused()
    page.keyboard.type(word)
    expect(page.locator(".inbox-row mark")).to_have_text(word.capitalize())
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(box(page)).to_be_focused()


def press(page: Page, name: str, key: str = "Tab", then: str = "Enter") -> None:
    tab_to(page, name, FEW, key)
    page.keyboard.press(then)


def snooze_by_keyboard(page: Page) -> None:
    """From the answer, which has all messages above it."""
    press(page, "Back to the top of the chat", "Shift+Tab")
    press(page, "Snooze")
    press(page, "Tomorrow 9:00")
    expect(page.locator("#chat-head")).to_contain_text("Snoozed until")


def test_the_day_by_keyboard_and_nothing_serious_for_axe(team: Team, tmp_path: Path):
    team.do(lambda: two_chats(team.owner))
    team.do(lambda: Label.objects.create(user=team.owner.user, name="VIP", colour="purple"))
    page = team.window("mara@bakery.example").page
    page.goto(f"{team.site}/admin/leads/lead/")
    open_by_search(page, "sundays")
    page.keyboard.type("Yes, from eight")
    page.keyboard.press("Enter")
    expect(page.locator(".bubble-out").last).to_contain_text("Yes, from eight")
    press(page, "Private note")
    expect(page.locator("#note-new")).to_be_focused()
    page.keyboard.type("She has a nut allergy")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".note-text")).to_have_text("She has a nut allergy")
    press(page, "Assign to me")
    expect(page.locator("[data-tab=mine] .inbox-count")).to_have_text("1")
    press(page, "Labels …")
    press(page, "VIP", then="Space")
    expect(page.locator(".inbox-head .inbox-label")).to_have_text("VIP")
    press(page, "Contacted")
    expect(page.locator("#customer")).to_contain_text("Qualified")
    expect(page.get_by_role("button", name="Contacted")).to_have_count(0)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.screenshot(path=tmp_path / f"chat-{theme}.png")
        assert serious(page, "#inbox") == []
    open_by_search(page, "sundays")
    snooze_by_keyboard(page)
    tab_to(page, "Skip to the answer", FEW)
    page.screenshot(path=tmp_path / "skip.png")
    assert serious(page, "body") == []
    page.keyboard.press("Enter")
    expect(box(page)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".inbox-row").first).to_be_focused()


def test_the_first_keys_of_a_page_lead_past_the_menu(team: Team):
    chat = team.do(lambda: asks(team.owner, "Amina", "A cake?"))
    page = team.window("mara@bakery.example").page
    page.goto(f"{team.site}/admin/leads/lead/")
    press(page, "Skip to the content")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('content').contains(document.activeElement)")
    page.goto(f"{team.site}{INBOX}{chat.pk}/")
    press(page, "Skip to the chat")
    press(page, "Skip to the answer")
    expect(box(page)).to_be_focused()
    # Where the keyboard has gone within the inbox is no page to go back to.
    page.go_back()
    page.wait_for_url("**/admin/leads/lead/#content")


def test_the_panes_of_a_phone_and_targets_for_fingers(team: Team, tmp_path: Path):
    team.do(lambda: two_chats(team.owner))
    phone = team.window("ben@bakery.example", viewport=PHONE)
    phone.page.screenshot(path=tmp_path / "phone-list.png")
    too_small = small_targets(phone.page, "#inbox")
    phone.page.locator(".inbox-row", has_text="נועה").click()
    expect(box(phone.page)).to_be_visible()
    phone.page.screenshot(path=tmp_path / "phone-chat.png")
    too_small += small_targets(phone.page, "#inbox")
    assert serious(phone.page, "#inbox") == []
    phone.page.get_by_role("link", name="Customer and lead").click()
    too_small += small_targets(phone.page, "#inbox")
    phone.page.get_by_role("link", name="Back to the chat").click()
    phone.page.get_by_role("link", name="Back to the list").click()
    expect(phone.page.locator(".inbox-row").first).to_be_visible()
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert too_small == []


def test_the_chat_that_was_asked_for_last_stays_whatever_comes_later(team: Team):
    team.do(lambda: asks(team.owner, "Amina", "A cake?"))
    chat = team.do(lambda: asks(team.owner, "Bruno", "A loaf?"))
    page = team.window("mara@bakery.example").page
    amina, bruno = (page.locator(".inbox-row", has_text=name) for name in ("Amina", "Bruno"))
    amina_chat = f"**/{amina.get_attribute('data-chat')}/chat/?*"
    held = hold(page, amina_chat)
    with page.expect_request(amina_chat):
        amina.click()
    bruno.click()
    expect(page.locator(".bubble-in")).to_contain_text("A loaf?")
    box(page).fill("For Bruno")
    with page.expect_response(amina_chat):
        held[0].continue_()
    team.do(lambda: says(chat, "Are you there?"))
    expect(page.locator(".bubble-in").last).to_contain_text("Are you there?", timeout=LIVE_MS)
    expect(box(page)).to_have_value("For Bruno")


def test_a_template_that_was_asked_for_in_another_chat_is_not_offered_in_this_one(team: Team):
    team.customer_writes("A cake?")
    chat = team.do(lambda: asks(team.owner, "Bruno", "A loaf?"))
    page = team.window("mara@bakery.example").page
    page.locator(".inbox-row", has_text="Amina").click()
    link = page.get_by_role("link", name="Send a template")
    chat_of_amina = page.locator("#chat").get_attribute("data-chat")
    address = f"**{link.get_attribute('href')}"
    held = hold(page, address)
    with page.expect_request(address):
        link.click()
    page.locator(".inbox-row", has_text="Bruno").click()
    expect(page.locator(".bubble-in")).to_contain_text("A loaf?")
    with page.expect_response(address):
        held[0].continue_()
    team.do(lambda: says(chat, "Are you there?"))
    expect(page.locator(".bubble-in").last).to_contain_text("Are you there?", timeout=LIVE_MS)
    expect(page.locator(f"#template-box form[action*='{chat_of_amina}']")).to_have_count(0)


def leave_while_sending(team: Team, text: str, *, then: str) -> Page:
    """Mara sends Amina a text, presses Enter again (`then`: what she typed meanwhile), and opens Bruno's chat before
    the first is sent.
    """
    team.customer_writes("A cake?")
    team.do(lambda: asks(team.owner, "Bruno", "A loaf?"))
    page = team.window("mara@bakery.example").page
    page.locator(".inbox-row", has_text="Amina").click()
    box(page).fill(text)
    held = hold(page, "**/reply/")
    with page.expect_request("**/reply/"):
        box(page).press("Enter")
    if then:
        box(page).fill(then)
    box(page).press("Enter")
    page.locator(".inbox-row", has_text="Bruno").click()
    expect(page.locator(".bubble-in")).to_contain_text("A loaf?")
    with page.expect_response("**/reply/"):
        held[0].continue_()
    return page


def test_a_second_answer_whose_chat_was_left_before_its_turn_is_said_not_to_be_sent(team: Team):
    page = leave_while_sending(team, "Yes", then="From eight")
    elsewhere = page.locator("#inbox-elsewhere")
    expect(elsewhere).to_contain_text("Amina Not sent")
    elsewhere.get_by_role("link", name="Amina").click()
    expect(page.locator(".bubble-out")).to_contain_text("Yes")
    expect(box(page)).to_have_value("From eight")
    expect(elsewhere).to_be_hidden()


def test_a_second_enter_before_the_chat_is_left_sends_and_says_nothing_more(team: Team):
    page = leave_while_sending(team, "Yes", then="")
    page.locator(".inbox-row", has_text="Amina").click()
    expect(page.locator(".bubble-out")).to_have_count(1)
    expect(box(page)).to_have_value("")
    expect(page.locator("#inbox-elsewhere")).to_be_hidden()
