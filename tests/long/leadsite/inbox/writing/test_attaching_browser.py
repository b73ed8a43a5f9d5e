"""Photo in, photo out, in a browser. Screenshots are in tmp_path."""

import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from conversations.models import Message, StoredMedia
from tests.browser import PHONE, hold
from tests.leadsite.inbox.chats import asks
from tests.long.leadsite.inbox.test_views_browser import INBOX, LIVE_MS, Team, team
from tests.whatsapp import meta, webhook_client
from tests.whatsapp.provider_files import OGG, PDF, picture, provider_files
from whatsapp.channels import connect_channel
from whatsapp.media.fetching import fetch_due

__all__ = ["team"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AT_END = """() => {
    const it = document.getElementById("thread");
    return it.scrollHeight - it.scrollTop < it.clientHeight + 2;
}"""
LOADED = "image => image.complete && image.naturalWidth > 0"


def arrives(*messages: dict[str, Any]) -> None:
    body = meta.body(meta.messages_value(messages=list(messages), contacts=[meta.contact(name="Amina")]))
    webhook_client.receive(body)


def test_photo_in_photo_out(team: Team, tmp_path: Path, settings: Any) -> None:
    with provider_files() as provider:
        settings.WHATSAPP_BACKEND, settings.WHATSAPP_API_BASE_URL = "cloud", provider.address
        now = int(time.time())
        photo = provider.has(picture(), "1") | {"caption": "Do you make these?", "mime_type": "image/jpeg"}
        note = provider.has(OGG, "2") | {"mime_type": "audio/ogg; codecs=opus", "voice": True}
        order = provider.has(PDF, "3") | {"filename": "order.pdf", "mime_type": "application/pdf"}
        kinds = (("image", photo), ("audio", note), ("document", order), ("video", {"id": "4"}))
        team.do(lambda: connect_channel(user_id=team.owner.id, phone_number_id=meta.CHANNEL, access_token="EAAG-token"))
        team.do(lambda: arrives(*(meta.message(kind, part, timestamp=now) for kind, part in kinds)))
        mara = team.window("mara@bakery.example")
        page = mara.page
        page.locator(".inbox-row", has_text="Amina").click()
        expect(page.locator(".bubble-file-state")).to_have_count(4)
        expect(page.locator(".bubble-file-state").first).to_contain_text("is being fetched")

        team.do(fetch_due)
        small = page.locator(".bubble-in .bubble-picture img")
        expect(small).to_be_visible(timeout=LIVE_MS)
        small.scroll_into_view_if_needed()
        page.wait_for_function(LOADED, arg=small.element_handle())
        expect(page.locator(".bubble-in audio")).to_be_visible()
        expect(page.locator(".bubble-file-state")).to_contain_text("does not have this file any more")
        with page.expect_download() as download:
            page.get_by_role("link", name="order.pdf").click()
        assert download.value.path().read_bytes() == PDF
        page.screenshot(path=tmp_path / "in.png")

        sends_a_photo(page, tmp_path)
        is_refused(team, page, tmp_path)
        row = team.do(lambda: Message.objects.get(direction="out"))
        assert (row.kind, row.content) == ("image", "This one?")
        assert team.do(StoredMedia.objects.count) == 5
        page.set_viewport_size(PHONE)  # type: ignore[arg-type] # a plain dict
        page.emulate_media(color_scheme="dark")
        page.goto(f"{mara.site}{INBOX}{row.conversation_id}/")
        expect(page.locator(".bubble-out .bubble-picture img")).to_be_visible()
        page.screenshot(path=tmp_path / "phone.png")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def sends_a_photo(page: Page, folder: Path) -> None:
    (folder / "cake.jpg").write_bytes(picture(1200, 900))
    page.locator("#reply-file").set_input_files(folder / "cake.jpg")
    expect(page.locator(".inbox-attached")).to_contain_text("cake.jpg")
    expect(page.locator(".inbox-attached img")).to_be_visible()
    page.screenshot(path=folder / "attached.png")
    page.locator("#reply-text").fill("This one?")
    page.locator("#reply-text").press("Enter")
    ours = page.locator(".bubble-out .bubble-picture img")
    expect(ours).to_be_visible()
    page.wait_for_function(LOADED, arg=ours.element_handle())
    page.wait_for_function(AT_END)
    expect(page.locator(".bubble-out")).to_contain_text("This one?")
    expect(page.locator(".inbox-attached")).to_be_hidden()
    page.screenshot(path=folder / "out.png")


def is_refused(team: Team, page: Page, folder: Path) -> None:
    (folder / "page.html").write_text("<html>")
    page.locator("#reply-file").set_input_files(folder / "page.html")
    page.locator(".inbox-send").click()
    expect(page.get_by_role("alert")).to_contain_text("Accepted are pictures")
    # The reason stays, also when the chat changes meanwhile.
    team.do(lambda: arrives(meta.text("Or a larger one?", timestamp=int(time.time()))))
    expect(page.locator(".bubble-in", has_text="Or a larger one?")).to_be_visible(timeout=LIVE_MS)
    expect(page.get_by_role("alert")).to_contain_text("Accepted are pictures")
    expect(page.locator(".inbox-attached")).to_contain_text("page.html")
    page.get_by_role("button", name="Remove the file").click()
    expect(page.locator(".inbox-attached")).to_be_hidden()


def test_a_picture_is_pasted_and_dropped(team: Team) -> None:
    team.do(lambda: arrives(meta.text("Hello", timestamp=int(time.time()))))
    page = team.window("mara@bakery.example").page
    page.locator(".inbox-row", has_text="Amina").click()
    page.locator("#reply-text").wait_for()
    for kind, target in (("paste", "#reply-text"), ("drop", "#thread")):
        page.evaluate(
            """([kind, target]) => {
                const data = new DataTransfer();
                data.items.add(new File(["x"], `${kind}.pdf`, {type: "application/pdf"}));
                const event = kind === "paste" ? new ClipboardEvent("paste", {clipboardData: data, bubbles: true})
                    : new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true});
                document.querySelector(target).dispatchEvent(event);
            }""",
            [kind, target],
        )
        expect(page.locator(".inbox-attached")).to_contain_text(f"{kind}.pdf")
        page.get_by_role("button", name="Remove the file").click()


def attach(page: Page, folder: Path, name: str) -> None:
    (folder / name).write_bytes(picture())
    page.locator("#reply-file").set_input_files(folder / name)
    expect(page.locator(".inbox-attached")).to_contain_text(name)


def open_chat(page: Page, name: str, words: str) -> None:
    page.locator(".inbox-row", has_text=name).click()
    expect(page.locator(".bubble-in").last).to_contain_text(words)


def two_chats(team: Team) -> Page:
    team.customer_writes("Do you make these?")
    team.do(lambda: asks(team.owner, "Bruno", "A loaf?"))
    page = team.window("mara@bakery.example").page
    open_chat(page, "Amina", "Do you make these?")
    return page


def test_a_chosen_file_stays_while_another_chat_is_in_view(team: Team, tmp_path: Path) -> None:
    page = two_chats(team)
    attach(page, tmp_path, "cake.jpg")
    page.locator("#reply-text").fill("This one?")
    open_chat(page, "Bruno", "A loaf?")
    expect(page.locator(".inbox-attached")).to_be_hidden()
    open_chat(page, "Amina", "Do you make these?")
    expect(page.locator(".inbox-attached")).to_contain_text("cake.jpg")
    held = hold(page, "**/reply/")
    with page.expect_request("**/reply/"):
        page.locator("#reply-text").press("Enter")
    open_chat(page, "Bruno", "A loaf?")
    with page.expect_response("**/reply/"):
        held[0].continue_()
    open_chat(page, "Amina", "Do you make these?")
    expect(page.locator(".bubble-out")).to_contain_text("This one?")
    expect(page.locator(".inbox-attached")).to_be_hidden()
    sent = team.do(lambda: Message.objects.get(direction="out"))
    assert (sent.kind, sent.content) == ("image", "This one?")


def test_after_a_reload_nothing_is_sent_until_the_file_is_chosen_again_or_removed(team: Team, tmp_path: Path) -> None:
    page = two_chats(team)
    attach(page, tmp_path, "cake.jpg")
    page.locator("#reply-text").fill("This one?")
    page.reload()
    expect(page.locator(".inbox-attached")).to_contain_text("cake.jpg")
    expect(page.locator(".inbox-attached")).to_contain_text("choose it again, or remove it")
    page.locator("#reply-text").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("choose it again, or remove it")
    attach(page, tmp_path, "cake.jpg")
    page.locator("#reply-text").press("Enter")
    expect(page.locator(".bubble-out .bubble-file-state, .bubble-out img")).to_have_count(1)
    assert team.do(lambda: Message.objects.get(direction="out").kind) == "image"
    attach(page, tmp_path, "bread.jpg")
    page.reload()
    page.get_by_role("button", name="Remove the file").click()
    expect(page.locator(".inbox-attached")).to_be_hidden()
    page.locator("#reply-text").fill("No photo")
    page.locator("#reply-text").press("Enter")
    expect(page.locator(".bubble-out").last).to_contain_text("No photo")
    page.reload()
    expect(page.locator("#reply-text")).to_have_value("")
    expect(page.locator(".inbox-attached")).to_be_hidden()
