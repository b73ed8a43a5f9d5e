"""Sending files: from the request to the provider."""

import base64
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from conversations.media import files
from conversations.models import Message, StoredMedia
from conversations.services.media import unnamed_files
from leads.importing.isolated.process import ReaderDied
from leadsite.core import clock
from leadsite.core.postgresql.base import CommitUnknown
from tests.conversations.chat import Chat
from tests.database_proxy import unconfirmed_commits
from tests.staff import staff_of
from tests.whatsapp.graph import GARBAGE, RESET_READ, SERVER_ERROR, Reaction, error
from tests.whatsapp.mailing import AMINA, TOKEN, reloaded
from tests.whatsapp.provider_files import MP4, OGG, PDF, picture
from tests.whatsapp.twilio_forms import BUSINESS
from tests.whatsapp.twilio_forms import TOKEN as TWILIO_TOKEN
from whatsapp.channels import connect_channel
from whatsapp.media import attachments, isolated, limits
from whatsapp.media.attachments import attached
from whatsapp.outbound import queue
from whatsapp.outbound.providers.cloud_media import UPLOAD_SECONDS
from whatsapp.outbound.providers.http import TOTAL_SECONDS
from whatsapp.outbound.resolve import send_again

pytestmark = pytest.mark.django_db
UPLOADED = Reaction(body=b'{"id": "4490709327384033"}')


def media(content, **more):
    return {"content": base64.b64encode(content).decode(), **more}


def post(mailing, content, **more):
    return mailing.post(to=AMINA, media=media(content, **more))


def sent(mailing):
    """The body of the message that Meta got."""
    return mailing.graph.ledger[-1]["body"]


def names_of_files() -> list[str]:
    parts = Message.objects.filter(files__isnull=False).values_list("parts", flat=True)
    return [part["media"][0]["filename"] for part in parts if part]


def unnamed_files_of(mailing) -> list[str]:
    """What the nightly sweep would delete a day later."""
    return [name for name in unnamed_files(age=timedelta(seconds=-5)) if str(mailing.business.id) in name]


class TestApi:
    def test_a_photo_is_stored_with_its_message_uploaded_and_sent_by_its_id(self, mailing):
        answer = post(mailing, picture(), caption="Like this?", filename="cake.jpg")
        assert (answer.status_code, answer.json()["status"]) == (202, "queued")
        row = Message.objects.get()
        media_row = StoredMedia.objects.get()
        assert (row.kind, row.content, media_row.message_id, media_row.state) == (
            *("image", "Like this?", row.pk),
            "stored",
        )
        with files.open_file(media_row.name) as file:
            assert file.read() == picture()
        assert media_row.thumbnail_name
        mailing.graph.queue_reactions(UPLOADED)
        assert mailing.send_due() == 1
        body = sent(mailing)
        assert (body["type"], body["image"]) == ("image", {"id": "4490709327384033", "caption": "Like this?"})
        assert body["biz_opaque_callback_data"] == str(row.pk)
        assert reloaded(row).status == "sent"
        assert mailing.graph.requests == 2

    def test_it_is_a_reply_too_and_the_api_shows_it(self, mailing, owner):
        conversation = Chat(owner).conversation
        answer = mailing.post(f"/api/conversations/{conversation.pk}/messages", media=media(PDF, filename="offer.pdf"))
        assert answer.status_code == 202
        shown = owner.client.get(f"/api/messages/{answer.json()['message_id']}").json()
        assert (shown["kind"], shown["content"]) == ("document", "offer.pdf")
        (file,) = shown["media"]
        assert (file["filename"], file["mime_type"], file["state"]) == ("offer.pdf", "application/pdf", "stored")
        assert file["url"]

    def test_a_document_goes_out_with_its_name(self, mailing):
        post(mailing, PDF, filename="Offer 7.pdf")
        mailing.graph.queue_reactions(UPLOADED)
        mailing.send_due()
        assert sent(mailing)["document"] == {"id": "4490709327384033", "filename": "Offer 7.pdf"}

    @pytest.mark.parametrize(
        ("content", "filename", "kind", "mime"),
        [
            (picture(form="PNG"), "", "image", "image/png"),
            (picture(form="WEBP"), "cake.webp", "image", "image/jpeg"),
            (picture(form="GIF", mode="P"), "cake.gif", "image", "image/jpeg"),
            (picture(form="WEBP", mode="RGBA"), "", "image", "image/png"),
            (picture(form="HEIF"), "IMG_1.HEIC", "image", "image/jpeg"),
            (OGG, "note.ogg", "audio", "audio/ogg"),
            (MP4, "", "video", "video/mp4"),
            (PDF, "", "document", "application/pdf"),
            (b"a;b\n1;2\n", "list.csv", "document", "text/csv"),
            (b"PK\x03\x04", "a.docx", "document", limits.DOCUMENT.types[6]),
        ],
    )
    def test_what_is_accepted_and_what_it_becomes(self, mailing, content, filename, kind, mime):
        assert post(mailing, content, filename=filename).status_code == 202
        assert (Message.objects.get().kind, StoredMedia.objects.get().mime_found) == (kind, mime)

    def test_a_converted_picture_is_one_and_named_so(self, mailing):
        post(mailing, picture(form="WEBP"), filename="cake.webp")
        row = StoredMedia.objects.get()
        with files.open_file(row.name) as file:
            assert Image.open(io.BytesIO(file.read())).format == "JPEG"
        assert names_of_files() == ["cake.jpg"]

    def test_a_picture_that_is_too_large_is_made_smaller(self, mailing, monkeypatch):
        noise = io.BytesIO()
        Image.effect_noise((2400, 1800), 90).save(noise, "PNG")
        image = limits.IMAGE
        small = type(image)(image.kind, image.types, 500_000, image.converted)
        monkeypatch.setattr(attachments, "IMAGE", small)
        monkeypatch.setattr(attachments, "ACCEPTED", (small,))
        assert post(mailing, noise.getvalue()).status_code == 202
        assert StoredMedia.objects.filter(size__lte=500_000).count() == 1

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            (media(b"<svg/>"), "image/svg+xml"),
            (media(b"<html>"), "text/html"),
            (media(b"MZ\x90"), "application/x-executable"),
            (media(b"PK\x03\x04"), "application/zip"),
            (media(b"\xff\xd8\xff broken"), "cannot be read as a picture"),
            (media(bytes(16 * 1024 * 1024 + 1)), "larger than 16 MB"),
            (media(b""), "blank"),
            (media(OGG, caption="Listen"), "no text beside audio"),
        ],
    )
    def test_what_is_not_accepted_is_400_and_nothing_is_stored(self, mailing, given, words):
        answer = mailing.post(to=AMINA, media=given)
        assert answer.status_code == 400, answer.json()
        assert words in json.dumps(answer.json())
        assert not Message.objects.exists()
        assert not StoredMedia.objects.exists()

    @pytest.mark.parametrize("form", ["JPEG", "WEBP"])
    def test_a_picture_that_breaks_its_decoder_is_400_whatever_the_decoder_does(self, mailing, monkeypatch, form):
        def dies(*arguments: Any, **more: Any) -> Any:
            raise ReaderDied("it needs too much memory")

        monkeypatch.setattr(isolated, "run_isolated", dies)
        answer = post(mailing, picture(form=form))
        assert (answer.status_code, set(answer.json()["fields"])) == (400, {"media"})
        assert "It cannot be read as a picture. Accepted are" in answer.json()["fields"]["media"][0]
        assert not unnamed_files_of(mailing)

    def test_a_refused_type_names_what_is_accepted(self, mailing):
        answer = mailing.post(to=AMINA, media=media(b"<html>")).json()
        assert set(answer["fields"]) == {"media"}
        assert "JPEG" in answer["error"] + json.dumps(answer["fields"])

    @pytest.mark.parametrize(
        "given",
        [
            {},
            {"content": "=="},
            {"content": "äöü"},
            {"content": 5},
            {"data": "x"},
            [],
            "x",
            {"content": "QQ==", "x": 1},
        ],
    )
    def test_malformed_fields_are_400(self, mailing, given):
        answer = mailing.post(to=AMINA, media=given)
        assert (answer.status_code, set(answer.json()["fields"])) == (400, {"media"})

    def test_exactly_one_of_text_template_and_file(self, mailing):
        both = mailing.post(to=AMINA, media=media(PDF), message="Hello")
        assert (both.status_code, "media" in json.dumps(both.json()["fields"])) == (400, True)
        assert mailing.post(to=AMINA).status_code == 400

    def test_the_same_request_twice_stores_one_file(self, mailing, owner):
        body = {"to": AMINA, "media": media(PDF, filename="a.pdf")}
        answers = [owner.client.post("/api/whatsapp", body, format="json", HTTP_IDEMPOTENCY_KEY="k1") for _ in range(2)]
        assert answers[0].content == answers[1].content
        assert StoredMedia.objects.count() == 1

    def test_the_bytes_of_a_refused_message_are_deleted(self, mailing, settings, monkeypatch):
        settings.WHATSAPP_ENFORCE_WINDOW = True
        names: list[str] = []
        store = files.store

        def noting(*given: Any, **more: Any) -> str:
            names.append(store(*given, **more))
            return names[-1]

        monkeypatch.setattr(files, "store", noting)
        assert post(mailing, PDF).status_code == 409
        assert not files.media_storage().exists(names[0])

    @pytest.mark.django_db(transaction=True)
    def test_a_message_whose_commit_was_not_confirmed_keeps_its_file_and_is_sent(self, mailing):
        with unconfirmed_commits():
            answer = post(mailing, PDF, filename="offer.pdf")
        assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown")
        mailing.graph.queue_reactions(UPLOADED)
        mailing.send_due()
        row = Message.objects.get()
        assert (row.status, row.error) == ("sent", "")
        assert not unnamed_files_of(mailing)

    @pytest.mark.django_db(transaction=True)
    def test_the_file_of_a_message_that_was_not_committed_after_all_is_left_to_the_sweep(self, mailing):
        with pytest.raises(CommitUnknown), attached(user_id=mailing.business.id, content=io.BytesIO(PDF)) as media:
            raise CommitUnknown
        assert files.media_storage().exists(media.name)
        assert unnamed_files_of(mailing) == [media.name]

    @pytest.mark.parametrize("filename", ["a\u0000b.pdf", "\ud800.pdf", "../../x.pdf", "  ", "x" * 240])
    def test_hostile_names_are_cleaned(self, mailing, filename):
        body = json.dumps({"to": AMINA, "media": media(PDF, filename=filename)})
        answer = mailing.business.client.post("/api/whatsapp", body, content_type="application/json")
        assert answer.status_code in {202, 400}
        for name in names_of_files():
            assert name.endswith(".pdf") or len(name) == 120
            assert not {"/", "\0", "\ud800"} & set(name)


class TestSending:
    @pytest.mark.parametrize("reaction", [RESET_READ, SERVER_ERROR, GARBAGE, Reaction(status=502, body=b"<html>")])
    def test_an_upload_that_fails_is_tried_again_because_nothing_was_sent(self, mailing, reaction):
        post(mailing, picture())
        mailing.graph.queue_reactions(reaction)
        mailing.graph.on_accept = None
        mailing.send_due()
        row = Message.objects.get()
        assert (row.status, row.attempts) == ("queued", 1)
        mailing.graph.ledger.clear()
        mailing.graph.queue_reactions(UPLOADED)
        mailing.send_all()
        assert reloaded(row).status == "sent"
        assert len(mailing.graph.ledger) == 1

    def test_a_refused_upload_fails_with_its_reason(self, mailing):
        post(mailing, picture())
        mailing.graph.queue_reactions(error(131053, title="Media upload error"))
        mailing.send_due()
        row = Message.objects.get()
        assert (row.status, "131053" in row.error) == ("failed", True)

    def test_a_missing_answer_to_the_message_is_unknown_and_not_sent_again(self, mailing):
        post(mailing, picture())
        mailing.graph.queue_reactions(UPLOADED, RESET_READ)
        mailing.send_due()
        assert Message.objects.get().status == "unknown"

    def test_bytes_that_are_gone_fail(self, mailing):
        post(mailing, picture())
        files.delete(StoredMedia.objects.get().name)
        mailing.send_due()
        row = Message.objects.get()
        assert (row.status, "not stored any more" in row.error) == ("failed", True)

    def test_a_failed_file_is_sent_again_as_a_new_message(self, mailing):
        post(mailing, PDF, filename="a.pdf", caption="Here")
        mailing.graph.queue_reactions(error(131053))
        mailing.send_due()
        queued = send_again(message=Message.objects.get())
        mailing.graph.queue_reactions(UPLOADED)
        mailing.send_due()
        row = Message.objects.get(pk=queued.message_id)
        assert (row.status, row.kind, row.content) == ("sent", "document", "Here")
        assert sent(mailing)["document"]["filename"] == "a.pdf"
        assert StoredMedia.objects.values("name").distinct().count() == 2

    @pytest.mark.django_db(transaction=True)
    def test_a_file_sent_again_is_kept_where_its_commit_was_not_confirmed(self, mailing):
        post(mailing, PDF, filename="a.pdf")
        mailing.graph.queue_reactions(error(131053))
        mailing.send_due()
        failed = Message.objects.select_related("conversation").get()
        with pytest.raises(CommitUnknown), unconfirmed_commits():
            send_again(message=failed)
        mailing.graph.queue_reactions(UPLOADED)
        mailing.send_due()
        assert list(Message.objects.order_by("pk").values_list("status", flat=True)) == ["failed", "sent"]

    def test_a_message_with_a_file_has_a_lease_for_its_upload(self, mailing):
        post(mailing, picture())
        mailing.writes("Hello", to="+4915100000002")
        assert len(queue.claim(2)) == 2
        leases = Message.objects.values_list("kind", "leased_until")
        seconds = {kind: (until - clock.now()).total_seconds() for kind, until in leases if until}
        assert seconds["text"] <= queue.LEASE_SECONDS < UPLOAD_SECONDS + TOTAL_SECONDS < seconds["image"]


class TestTwilio:
    @pytest.fixture
    def twilio(self, mailing, owner, settings):
        mailing.channel.delete()
        settings.PUBLIC_URL = "https://leads.example.com"
        connect_channel(user_id=owner.id, phone_number_id=BUSINESS, provider="twilio", access_token=TWILIO_TOKEN)
        return mailing

    def test_a_file_goes_out_by_an_address_of_this_site(self, twilio, client):
        assert post(twilio, picture(), caption="Like this?").status_code == 202
        twilio.send_due()
        form = sent(twilio)
        assert "MediaUrl=https%3A%2F%2Fleads.example.com%2Fapi%2Ffiles%2F" in form
        assert "Body=Like+this%3F" in form
        assert TOKEN not in form

    def test_without_a_public_address_it_is_refused_at_once(self, twilio, settings):
        settings.PUBLIC_URL = ""
        answer = post(twilio, picture())
        assert (answer.status_code, set(answer.json()["fields"])) == (400, {"media"})
        assert "PUBLIC_URL" in answer.json()["error"]


class TestInbox:
    def test_a_person_sends_a_file_with_a_text(self, mailing, owner):
        chat = Chat(owner)
        chat.says("Hello")
        given = SimpleUploadedFile("cake.jpg", picture(), "image/jpeg")
        path = f"/admin/inbox/{chat.conversation.pk}/reply/"
        answer = staff_of(owner).client.post(path, {"text": "Like this?", "file": given})
        assert answer.status_code == 302
        row = Message.objects.get(direction="out")
        assert (row.kind, row.content, row.author_id) == ("image", "Like this?", owner.user.pk)
        page = staff_of(owner).get(f"/admin/inbox/{chat.conversation.pk}/").content.decode()
        assert "size=small" in page

    def test_a_refusal_keeps_the_text_and_says_what_is_accepted(self, mailing, owner):
        chat = Chat(owner)
        given = SimpleUploadedFile("page.html", b"<html>", "image/jpeg")
        path = f"/admin/inbox/{chat.conversation.pk}/reply/"
        answer = staff_of(owner).client.post(path, {"text": "Look", "file": given})
        page = answer.content.decode()
        assert (answer.status_code, "Accepted are pictures" in page, ">Look</textarea>" in page) == (422, True, True)

    def test_neither_text_nor_file_is_no_answer(self, mailing, owner):
        chat = Chat(owner)
        answer = staff_of(owner).client.post(f"/admin/inbox/{chat.conversation.pk}/reply/", {"text": "", "file": ""})
        assert answer.status_code == 422
