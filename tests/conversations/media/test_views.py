"""Files are served to people of the business, and to whoever has an address for programs, for a short time."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from conversations.media import files
from conversations.media.links import page_link, program_link
from conversations.models import Message, StoredMedia
from leadsite.core import clock
from tests.conversations.chat import Chat
from tests.conversations.media.away import storage_raises
from tests.staff import Staff, operator, person_of, staff_of
from tests.whatsapp.provider_files import OGG, PDF, picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def chat(owner):
    return Chat(owner)


@pytest.fixture
def photo(chat):
    return stored(chat, picture(), "image/jpeg")


def stored(chat: Chat, content: bytes, mime: str, kind: str = "image", **part: Any) -> StoredMedia:
    message = chat.says(kind=kind, parts={"media": [{"filename": None, "caption": None, "mime_type": mime} | part]})
    name = files.store(content, user_id=chat.business.id)
    small = files.store_small(picture(64, 48), name=name) if mime.startswith("image/") else ""
    row = {"state": "stored", "mime_found": mime, "name": name, "thumbnail_name": small, "size": len(content)}
    return StoredMedia.objects.create(user=chat.business.user, message=message, **row)


def body_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


class TestPages:
    def test_a_picture_is_shown_with_headers_that_let_nothing_run(self, photo, owner):
        answer = staff_of(owner).get(page_link(photo.pk))
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
        assert body_of(answer) == picture()
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert answer["Content-Disposition"].startswith("inline")
        assert answer["Cache-Control"].startswith("private")

    def test_the_small_picture(self, photo, owner):
        answer = staff_of(owner).get(page_link(photo.pk, small=True))
        assert body_of(answer) == picture(64, 48)

    @pytest.mark.parametrize(
        ("content", "mime"),
        [
            (b"<script>alert(1)</script>", "text/html"),
            (b"<svg onload='alert(1)'/>", "image/svg+xml"),
            (PDF, "application/pdf"),
            (b"x", "application/octet-stream"),
            (b"<xml/>", "text/xml"),
            (b"x", ""),
        ],
    )
    def test_what_is_no_picture_or_recording_is_only_stored(self, chat, owner, content, mime):
        answer = staff_of(owner).get(page_link(stored(chat, content, mime, "document").pk))
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"].startswith("attachment")
        body_of(answer)

    @pytest.mark.parametrize(
        ("given", "named"),
        [
            ("receipt.pdf", "receipt.pdf"),
            ("../../etc/passwd", "etcpasswd.pdf"),
            ('a"b\r\nSet-Cookie: x=1', "abSet-Cookie x=1.pdf"),
            ("", "file-"),
            ("photo.html", "photo.html.pdf"),
        ],
    )
    def test_a_download_has_the_senders_name_without_what_is_no_name(self, chat, owner, given, named):
        media = stored(chat, PDF, "application/pdf", "document", filename=given)
        answer = staff_of(owner).get(page_link(media.pk, download=True))
        assert f'filename="{named}' in answer["Content-Disposition"]
        body_of(answer)

    def test_it_is_not_there_for_other_businesses(self, photo, stranger):
        assert staff_of(stranger).get(page_link(photo.pk)).status_code == 404

    def test_nobody_who_is_not_logged_in_sees_it(self, photo):
        answer = Client().get(page_link(photo.pk))
        assert (answer.status_code, "/login/" in answer["Location"]) == (302, True)

    def test_viewers_and_operators_see_it(self, photo, owner):
        for staff in (Staff(person_of(owner, "viewer")), operator()):
            answer = staff.get(page_link(photo.pk))
            assert answer.status_code == 200
            body_of(answer)

    def test_who_may_not_read_messages_does_not_see_it(self, photo, owner):
        person = staff_of(owner)
        owner.user.groups.clear()
        assert person.get(page_link(photo.pk)).status_code == 403

    def test_an_address_ends_after_two_hours_at_most(self, photo, owner, monkeypatch):
        link = page_link(photo.pk)
        assert page_link(photo.pk) == link
        later = clock.now() + timedelta(hours=2, seconds=1)
        monkeypatch.setattr("conversations.media.links.clock.now", lambda: later)
        assert page_link(photo.pk) != link
        monkeypatch.undo()
        until = int(re.search(r"until=(\d+)", link)[1])  # type: ignore[index]
        assert 3600 < until - clock.now().timestamp() <= 7200

    def test_a_deleted_conversation_has_no_files(self, photo, owner):
        chat = photo.message.conversation
        chat.deleted_at = clock.now()
        chat.save()
        assert staff_of(owner).get(page_link(photo.pk)).status_code == 404

    def test_bytes_that_are_gone_are_404(self, photo, owner):
        files.delete(photo.name)
        assert staff_of(owner).get(page_link(photo.pk)).status_code == 404

    def test_a_storage_that_does_not_answer_is_not_a_file_that_is_gone(self, photo, owner):
        with storage_raises(PermissionError("x")):
            answer = staff_of(owner).get(page_link(photo.pk))
            of_program = Client().get(program_link(photo.pk))
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert "The storage of files does not answer." in answer.content.decode()
        assert (of_program.status_code, of_program["Retry-After"]) == (503, "5")
        assert of_program.json()["code"] == "too_busy"


class TestPrograms:
    def test_an_address_needs_no_key(self, photo):
        answer = Client().get(program_link(photo.pk))
        assert (answer.status_code, body_of(answer)) == (200, picture())
        assert answer["X-Content-Type-Options"] == "nosniff"

    def test_it_ends_after_fifteen_minutes(self, photo, monkeypatch):
        link = program_link(photo.pk)
        later = clock.now() + timedelta(minutes=16)
        monkeypatch.setattr("conversations.media.links.clock.now", lambda: later)
        answer = Client().get(link)
        assert answer.status_code == 403
        assert "expired" in answer.json()["error"]

    def test_nothing_of_it_can_be_changed(self, photo, chat):
        link = program_link(photo.pk)
        other = stored(chat, OGG, "audio/ogg")
        forged = [
            link.replace(str(photo.pk), str(other.pk)),
            re.sub(r"until=(\d)", r"until=9\1", link),
            f"{link}&size=small",
            link[:-1] + ("0" if link[-1] != "0" else "1"),
            link.partition("?")[0],
            page_link(photo.pk).replace(f"/admin/media/{photo.pk}/", f"/api/files/{photo.pk}"),
            f"/api/files/{photo.pk}?until=x&signature=y",
            f"/api/files/{photo.pk}?until=%D9%A3&signature=%C3%BC",
        ]
        assert [Client().get(one).status_code for one in forged] == [403] * len(forged)

    def test_a_programs_address_opens_no_page(self, photo, owner):
        link = program_link(photo.pk).replace(f"/api/files/{photo.pk}", f"/admin/media/{photo.pk}/")
        assert staff_of(owner).get(link).status_code == 403

    @pytest.mark.parametrize(
        ("asked", "status", "part"),
        [
            ("bytes=0-3", 206, slice(0, 4)),
            ("bytes=10-", 206, slice(10, None)),
            ("bytes=-5", 206, slice(-5, None)),
            ("bytes=5-999999", 206, slice(5, None)),
            ("bytes=0-1,4-5", 200, slice(None)),
            ("bytes=5-2", 200, slice(None)),
            ("lines=1-2", 200, slice(None)),
        ],
    )
    def test_players_get_the_part_that_they_ask_for(self, chat, asked, status, part):
        link = program_link(stored(chat, OGG, "audio/ogg").pk)
        answer = Client().get(link, headers={"Range": asked})
        assert (answer.status_code, body_of(answer)) == (status, OGG[part])
        assert int(answer["Content-Length"]) == len(OGG[part])
        assert answer["Accept-Ranges"] == "bytes"
        assert ("Content-Range" in answer) == (status == 206)

    def test_a_part_that_is_not_there_is_416(self, chat):
        link = program_link(stored(chat, OGG, "audio/ogg").pk)
        answer = Client().get(link, headers={"Range": f"bytes={len(OGG)}-"})
        assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{len(OGG)}")

    def test_head_has_no_body(self, photo):
        answer = Client().head(program_link(photo.pk))
        assert (answer.status_code, answer.content, int(answer["Content-Length"])) == (200, b"", len(picture()))

    def test_no_other_method(self, photo):
        assert Client().post(program_link(photo.pk)).status_code == 405


class TestShown:
    def test_the_api_names_address_state_and_size(self, photo, owner):
        answer = owner.client.get(f"/api/messages/{photo.message_id}").json()["media"][0]
        assert (answer["state"], answer["size"], answer["mime_type"]) == ("stored", len(picture()), "image/jpeg")
        for name in ("url", "thumbnail_url"):
            assert answer[name].startswith("http://testserver/api/files/")
            assert body_of(Client().get(answer[name].removeprefix("http://testserver")))
        thread = owner.client.get(f"/api/conversations/{photo.message.conversation_id}/messages").json()
        assert thread["results"][0]["media"][0]["state"] == "stored"

    @pytest.mark.parametrize(
        ("state", "reason", "words"),
        [
            ("waiting", "", "is being fetched from WhatsApp"),
            ("waiting", "The provider answered 500.", "tried again"),
            ("expired", "x", "does not have this file any more"),
            ("refused", "It is a program.", "Not kept: It is a program."),
            ("failed", "The provider answered 500.", "Could not be fetched: The provider answered 500."),
        ],
    )
    def test_pages_and_api_say_why_there_is_none(self, photo, chat, owner, state, reason, words):
        StoredMedia.objects.update(state=state, reason=reason)
        inbox = staff_of(owner).get(f"/admin/inbox/{photo.message.conversation_id}/").content.decode()
        assert words in inbox
        assert words in chat.page()
        assert "<img" not in chat.page()
        answer = owner.client.get(f"/api/messages/{photo.message_id}").json()["media"][0]
        assert (answer["state"], answer["reason"], answer["url"]) == (state, reason or None, None)

    def test_pictures_players_and_downloads_are_in_both_threads(self, photo, chat, owner):
        stored(chat, OGG, "audio/ogg", "audio")
        stored(chat, b"", "video/mp4", "video")
        stored(chat, PDF, "application/pdf", "document", filename="receipt.pdf")
        for page in (chat.page(), staff_of(owner).get(f"/admin/inbox/{chat.conversation.pk}/").content.decode()):
            assert page.count("size=small") == 1
            assert (page.count("<audio"), page.count("<video")) == (1, 1)
            assert page.count('download=1" download') == 4
            assert "receipt.pdf" in page

    def test_a_message_without_media_reads_no_files(self, chat, django_assert_num_queries):
        chat.says("Hello")
        with django_assert_num_queries(1):
            assert len(chat.entries()) == 1

    def test_a_deleted_message_shows_no_file(self, photo, chat):
        Message.objects.filter(pk=photo.message_id).update(provider_id="wamid.photo")
        chat.says(kind="revoke", target="wamid.photo")
        assert "size=small" not in chat.page()
