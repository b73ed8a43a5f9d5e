"""Templates and new chats in a browser. Screenshots are in tmp_path."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from conversations.models import Conversation, Message, StoredMedia
from tests.browser import CONTRAST, PHONE, serious
from tests.leadsite.inbox.chats import answers, asks, says
from tests.leadsite.inbox.writing.test_templates import template_of
from tests.long.leadsite.inbox.test_views_browser import LIVE_MS, Team, box, team  # noqa: F401 - a fixture
from tests.whatsapp.provider_files import picture
from whatsapp.models import Channel

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def closed(of: Team) -> Conversation:
    """A chat of yesterday, with templates of each kind."""
    chat = asks(of.owner, "Amina", "Until when are you open?", minutes_ago=26 * 60)
    old = timezone.now() - timedelta(hours=26)
    Message.objects.update(channel_id=Channel.objects.get().pk, sort_at=old, provider_time=old)
    template_of(of.owner, waba_id="")
    template_of(of.owner, "autumn_offer", waba_id="", category="marketing", language="de")
    template_of(of.owner, "old_offer", waba_id="", status="paused")
    return chat


def shoot(page: Any, folder: Path, name: str) -> None:
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_timeout(200)
        page.screenshot(path=folder / f"{name}-{theme}.png")
        words = ":is(.inbox-faint, .inbox-mark, strong, li, .inbox-field-problem)"
        for element in page.locator(f".inbox-templates {words}").all():
            if element.is_visible() and (element.text_content() or "").strip():
                assert element.evaluate(CONTRAST) >= 4.5, (theme, element.text_content())
    page.emulate_media(color_scheme="light")


def test_a_template_after_the_window_has_closed(team: Team, tmp_path: Path):  # noqa: F811 - the fixture
    team.do(lambda: closed(team))
    page = team.window("mara@bakery.example").page
    page.locator(".inbox-row", has_text="Amina").click()
    form = page.locator("#template-form")
    expect(form).to_contain_text("cake_ready")
    shoot(page, tmp_path, "templates")
    page.get_by_label("Search templates by name or text").fill("autumn")
    expect(form.get_by_role("button", name="cake_ready")).to_have_count(0)
    page.get_by_label("Search templates by name or text").fill("")
    form.get_by_role("button", name="cake_ready").click()
    expect(page.get_by_label("Text 1 in the header")).to_be_focused()
    page.keyboard.type("12")
    page.get_by_label("Text 1", exact=False).nth(1).fill("Amina")
    expect(form.locator(".inbox-preview")).to_contain_text("Hello Amina, your {{2}} is ready")
    form.get_by_role("button", name="Send template").click()
    expect(form).to_contain_text("Text 2: fill this in.")
    shoot(page, tmp_path, "missing")
    page.get_by_label("Text 2").fill("cake")
    expect(form.locator(".inbox-preview")).to_contain_text("Hello Amina, your cake is ready")
    shoot(page, tmp_path, "filled")
    page.get_by_label("Text 2").press("Tab")
    form.get_by_role("button", name="Send template").click()
    expect(page.locator("#messages .bubble-out", has_text="Hello Amina, your cake is ready").last).to_be_visible()
    assert team.do(lambda: Message.objects.get(direction="out").content).startswith("Order 12")
    form.get_by_role("button", name="old_offer").click()
    expect(form.get_by_role("alert")).to_contain_text("Meta has paused this template")
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)
    expect(box(page)).to_be_focused()
    page.get_by_role("link", name="Send a template").click()
    expect(form).to_contain_text("cake_ready")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type] # a plain dict
    shoot(page, tmp_path, "phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_window_closes_while_the_chat_is_in_view(team: Team):  # noqa: F811 - the fixture
    def closing() -> None:
        closed(team)
        soon = timezone.now() - timedelta(hours=24) + timedelta(seconds=15)
        Message.objects.update(sort_at=soon, provider_time=soon)

    team.do(closing)
    page = team.window("mara@bakery.example").page
    page.locator(".inbox-row", has_text="Amina").click()
    expect(page.locator("#reply-window")).to_contain_text("Free text is accepted for 0 min")
    expect(page.locator("#template-form")).to_have_count(0)
    box(page).fill("Until six")
    expect(page.locator("#reply-window")).to_contain_text("has not written to this number in the last 24 hours")
    expect(page.locator("#template-form")).to_contain_text("cake_ready")
    expect(box(page)).to_be_focused()
    expect(box(page)).to_have_value("Until six")


def test_a_photo_at_the_top_of_a_template(team: Team, tmp_path: Path):  # noqa: F811 - the fixture
    team.do(lambda: closed(team))
    photo = [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Hello {{1}}"}]
    team.do(lambda: template_of(team.owner, "photo", waba_id="", components=photo))
    page = team.window("mara@bakery.example").page
    page.locator(".inbox-row", has_text="Amina").click()
    form = page.locator("#template-form")
    form.get_by_role("button", name="photo").click()
    file = form.get_by_label("Photo", exact=False)
    (tmp_path / "large.jpg").write_bytes(bytes(17 * 1024 * 1024))
    file.set_input_files(tmp_path / "large.jpg")
    expect(form.get_by_role("alert")).to_contain_text("large.jpg")
    form.get_by_role("button", name="Send template").click()
    expect(form).to_contain_text("Choose a file, or write its address.")
    shoot(page, tmp_path, "photo-missing")
    (tmp_path / "cake.jpg").write_bytes(picture())
    file.set_input_files(tmp_path / "cake.jpg")
    # A problem elsewhere leaves the file where it is.
    form.get_by_role("button", name="Send template").click()
    expect(form).not_to_contain_text("Choose a file")
    expect(form).to_contain_text("Text 1: fill this in.")
    assert file.evaluate("input => input.files[0].name") == "cake.jpg"
    page.get_by_label("Text 1").fill("Amina")
    expect(form.locator(".inbox-preview")).to_contain_text("Hello Amina")
    shoot(page, tmp_path, "photo-filled")
    assert serious(page, "#template-box") == []
    form.get_by_role("button", name="Send template").click()
    expect(page.locator("#messages .bubble-out .bubble-picture img")).to_be_visible()
    assert team.do(lambda: StoredMedia.objects.values_list("message__content", flat=True).get()) == "Hello Amina"


def test_a_new_chat(team: Team, tmp_path: Path):  # noqa: F811 - the fixture
    team.do(lambda: closed(team))
    window = team.window("mara@bakery.example")
    page = window.page
    page.get_by_role("link", name="New chat").click()
    form = page.locator("#new-chat")
    page.get_by_label("Number").fill("12")
    expect(form).to_contain_text("Write the phone number in international form")
    page.get_by_label("Number").fill("0049 151 234-56789")
    expect(form).to_contain_text("+4915123456789 is new here.")
    page.get_by_label("Name needed for a lead").fill("Ben")
    form.get_by_role("button", name="cake_ready").click()
    for label, value in (("Text 1 in the header", "12"), ("Text 2", "cake")):
        page.get_by_label(label).fill(value)
    page.locator("[name='field:body.1']").fill("Ben")
    expect(form.locator(".inbox-preview")).to_contain_text("Hello Ben, your cake is ready")
    expect(page.get_by_label("Number")).to_have_value("0049 151 234-56789")
    page.get_by_label("Create a lead").check()
    page.locator("[name=lead_type]").select_option("booking")
    shoot(page, tmp_path, "new-chat")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type] # a plain dict
    shoot(page, tmp_path, "new-chat-phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    form.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#messages .bubble-out")).to_contain_text("Hello Ben, your cake is ready")
    expect(page.locator("h2", has_text="Ben")).to_be_visible()
    chat = team.do(lambda: Conversation.objects.select_related("customer").get(customer__phone="+4915123456789"))
    assert chat.customer.name == "Ben"


def test_a_failed_message_is_sent_again_and_an_unknown_one_after_a_question(team: Team, tmp_path: Path):  # noqa: F811
    def fill() -> None:
        chat = asks(team.owner, "Amina", "Until when are you open?")
        says(chat, "Hello?", channel_id=Channel.objects.get().pk)
        answers(chat, "Until six", status="failed", error="131026: Message undeliverable.")
        answers(chat, "And on Sundays until two", status="unknown", error="The connection broke.")

    team.do(fill)
    page = team.window("mara@bakery.example").page
    page.get_by_role("link", name="Not sent").click()
    row = page.locator(".inbox-row", has_text="Amina")
    expect(row).to_contain_text("Not sent")
    row.click()
    shoot(page, tmp_path, "failures")
    failed = page.locator(".bubble", has_text="Until six")
    expect(failed).to_contain_text("131026: Message undeliverable.")
    failed.get_by_role("button", name="Send again").click()
    expect(page.locator(".bubble-out")).to_have_count(3)
    expect(failed.first.get_by_role("button")).to_have_count(0)
    unknown = page.locator(".bubble", has_text="And on Sundays until two").first
    unknown.get_by_text("Send again …").click()
    expect(unknown).to_contain_text("the customer gets it twice")
    assert team.do(lambda: Message.objects.filter(status="queued").count()) == 1
    shoot(page, tmp_path, "asked")
    unknown.get_by_role("button", name="Send it again all the same").click()
    expect(page.locator(".bubble-out")).to_have_count(4)
    expect(page.locator(".inbox-empty")).to_contain_text("Every message was sent")
    assert team.do(lambda: Message.objects.filter(status="queued").count()) == 2


def test_ticks_appear_as_the_steps_arrive(team: Team, tmp_path: Path):  # noqa: F811 - the fixture
    channel = team.do(lambda: Channel.objects.get().pk)
    window = team.window("mara@bakery.example")
    page = window.page
    window.open(f"/admin/whatsapp/channel/{channel}/set-up/")
    done = page.locator(".set-up-step.is-done:not([data-step=secret])")
    expect(done).to_have_count(0)
    team.customer_writes("Hello")
    expect(page.locator(".set-up-step.is-done[data-step=inbound]")).to_have_count(1, timeout=LIVE_MS)
    expect(done).to_have_count(4)
    team.do(lambda: Channel.objects.update(first_sent_at=timezone.now(), first_status_at=timezone.now()))
    expect(done).to_have_count(6, timeout=LIVE_MS)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_timeout(200)
        page.screenshot(path=tmp_path / f"set-up-{theme}.png", full_page=True)
        for element in page.locator(".set-up-step h2, .set-up-step p, .set-up-state").all():
            assert element.evaluate(CONTRAST) >= 4.5, (theme, element.text_content())
    page.set_viewport_size(PHONE)  # type: ignore[arg-type] # a plain dict
    page.screenshot(path=tmp_path / "set-up-phone.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
