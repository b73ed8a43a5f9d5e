"""Files of messages: from the delivery to the stored bytes, through a stub of the provider."""

import hashlib
import io
import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image
from procrastinate.contrib.django.models import ProcrastinateJob

from conversations.media import files as stored_files
from conversations.models import Message, StoredMedia
from leadsite.core import clock
from tests.site import DEADLINE_SECONDS
from tests.whatsapp import meta
from tests.whatsapp.mailing import TOKEN
from tests.whatsapp.provider_files import MP4, OGG, PDF, picture
from tests.whatsapp.twilio_forms import BUSINESS, MESSAGE
from tests.whatsapp.twilio_forms import TOKEN as TWILIO_TOKEN
from tests.whatsapp.webhook_client import deliver_form, provider_client
from whatsapp.channels import connect_channel
from whatsapp.media import fetching, limits
from whatsapp.media.wakeup import FETCH_MEDIA
from whatsapp.models import Channel

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(inbox, owner):
    """A number at Meta whose token is stored."""
    connect_channel(user_id=owner.id, phone_number_id=inbox.channel, access_token=TOKEN)
    return inbox


def bytes_of(name: str) -> bytes:
    with stored_files.open_file(name) as file:
        return bytes(file.read())


def fetched() -> StoredMedia:
    fetching.fetch_due()
    return StoredMedia.objects.get()


def due_again() -> StoredMedia:
    StoredMedia.objects.update(due_at=clock.now() - timedelta(seconds=1))
    return fetched()


def photo_of(id_: int) -> dict[str, Any]:
    return meta.message("image", {"id": str(id_)})


class TestReceiving:
    def test_a_delivery_stores_its_files_as_waiting_and_wakes_a_worker(self, number, provider):
        photo = provider.has(picture())
        number.gets(meta.message("image", photo | {"mime_type": "image/jpeg"}), meta.text("And a text"))
        row = StoredMedia.objects.get()
        assert (row.state, row.position, row.provider_id) == ("waiting", 0, photo["id"])
        assert row.message == Message.objects.get(kind="image")
        assert row.user_id == number.business.id
        assert ProcrastinateJob.objects.filter(task_name=FETCH_MEDIA, status="todo").count() == 1

    def test_the_same_delivery_again_stores_no_second_file(self, number, provider):
        message = meta.message("image", provider.has(picture()), id="wamid.same")
        number.gets(message)
        number.gets(message)
        assert StoredMedia.objects.count() == 1

    def test_the_number_of_statements_does_not_depend_on_the_number_of_files(self, number, provider):
        number.gets(meta.text())
        counts = []
        for messages in ([meta.text()], [meta.message("image", {"id": "1"})], [*map(photo_of, range(2, 40))]):
            ProcrastinateJob.objects.all().delete()
            with CaptureQueriesContext(connection) as queries:
                number.gets(*messages, meta.text())
            counts.append(len(queries))
        texts, one_file, many_files = counts
        # The files; whether a worker is woken already; the job that wakes it.
        assert one_file == many_files == texts + 3

    def test_a_placeholder_gets_the_file_of_the_message_that_replaces_it(self, number, provider):
        number.gets(meta.message("unsupported", errors=[{"code": 131051}], id="wamid.ghost"))
        assert not StoredMedia.objects.exists()
        number.gets(meta.message("image", provider.has(picture()), id="wamid.ghost"))
        assert fetched().state == "stored"

    def test_a_file_without_id_or_address_has_no_row(self, owner, provider):
        connect_channel(user_id=owner.id, phone_number_id=BUSINESS, provider="twilio", access_token=TWILIO_TOKEN)
        form = MESSAGE | {"NumMedia": "1", "MediaContentType0": "image/jpeg", "Body": ""}
        deliver_form(provider_client(), form)
        assert not StoredMedia.objects.exists()


class TestMeta:
    def test_a_photo_is_fetched_by_its_id_with_the_token_and_stored_with_a_small_picture(self, number, provider):
        photo = picture()
        number.gets(meta.message("image", provider.has(photo) | {"mime_type": "image/jpeg"}))
        row = fetched()
        assert (row.state, row.mime_found, row.size) == ("stored", "image/jpeg", len(photo))
        assert row.sha256 == hashlib.sha256(photo).hexdigest()
        assert row.name.startswith(f"{number.business.id}/")
        assert bytes_of(row.name) == photo
        assert Image.open(io.BytesIO(bytes_of(row.thumbnail_name))).size == (640, 480)
        assert [path for path, _ in provider.requests] == [f"/v26.0/{row.provider_id}", f"/bytes/{row.provider_id}"]
        assert {authorization for _, authorization in provider.requests} == {f"Bearer {TOKEN}"}

    @pytest.mark.parametrize(
        ("kind", "content", "said", "found"),
        [
            ("audio", OGG, "audio/ogg; codecs=opus", "audio/ogg"),
            ("video", MP4, "video/mp4", "video/mp4"),
            ("document", PDF, "application/pdf", "application/pdf"),
            ("document", b"<html><script>alert(1)</script></html>", "application/pdf", "text/html"),
            ("document", b"PK\x03\x04rest", limits.DOCUMENT.types[7], limits.DOCUMENT.types[7]),
            ("sticker", picture(form="WEBP"), "image/webp", "image/webp"),
        ],
    )
    def test_each_kind_is_stored_with_the_type_of_its_content(self, number, provider, kind, content, said, found):
        number.gets(meta.message(kind, provider.has(content) | {"mime_type": said}))
        row = fetched()
        assert (row.state, row.mime_said, row.mime_found) == ("stored", said, found)

    @pytest.mark.parametrize(
        ("kind", "content", "reason"),
        [
            ("image", PDF, "application/pdf"),
            ("image", b"<svg onload='alert(1)'/>", "image/svg+xml"),
            ("audio", picture(8, 8), "image/jpeg"),
            ("document", b"MZ\x90\x00", "program"),
            ("image", b"", "empty"),
        ],
    )
    def test_what_is_not_what_it_claims_to_be_is_refused_and_says_why(self, number, provider, kind, content, reason):
        number.gets(meta.message(kind, provider.has(content)))
        row = fetched()
        assert (row.state, row.name) == ("refused", "")
        assert reason in row.reason

    def test_a_file_that_is_too_large_is_refused_before_it_is_read(self, number, provider, monkeypatch):
        monkeypatch.setitem(limits.MOST_RECEIVED, "image", 1000)
        number.gets(meta.message("image", provider.has(picture(2000, 2000))))
        row = fetched()
        assert (row.state, len(provider.requests)) == ("refused", 1)
        assert "larger than" in row.reason

    def test_a_file_that_is_larger_than_announced_is_refused(self, number, provider, monkeypatch):
        monkeypatch.setitem(limits.MOST_RECEIVED, "image", 1000)
        number.gets(meta.message("image", provider.has(picture(2000, 2000))))
        announced = json.dumps({"url": f"{provider.address}/bytes/1003383421387256", "file_size": 10}).encode()
        provider.answers["/v26.0/1003383421387256"] = (200, {}, announced)
        assert fetched().state == "refused"

    @pytest.mark.parametrize(
        "answer",
        [
            (404, {}, b""),
            (410, {}, b"gone"),
            (400, {}, b'{"error": {"code": 100, "error_subcode": 33, "message": "Unsupported get request."}}'),
        ],
    )
    def test_a_file_that_the_provider_has_no_more_is_expired(self, number, provider, answer):
        number.gets(meta.message("image", provider.has(picture())))
        provider.answers["/v26.0/1003383421387256"] = answer
        row = fetched()
        assert (row.state, row.due_at) == ("expired", None)
        assert "any more" in row.reason

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            ((500, {}, b""), "answered 500"),
            ((429, {"Retry-After": "90"}, b""), "answered 429"),
            ((401, {}, b'{"error": {"code": 190}}'), "token"),
            ((200, {}, b"<html>"), "answered 200"),
        ],
    )
    def test_a_temporary_error_is_tried_again_with_longer_and_longer_pauses(self, number, provider, answer, reason):
        number.gets(meta.message("image", provider.has(picture())))
        provider.answers["/v26.0/1003383421387256"] = answer
        pauses = []
        for _ in range(3):
            row = due_again()
            assert row.state == "waiting"
            assert row.due_at
            pauses.append((row.due_at - clock.now()).total_seconds())
            assert reason in row.reason
        assert 25 < pauses[0] < 95
        assert 110 < pauses[2] < 125
        provider.answers.clear()
        assert due_again().state == "stored"

    def test_after_many_attempts_it_has_failed(self, number, provider):
        number.gets(meta.message("image", {"id": "5"}))
        provider.answers["/v26.0/5"] = (503, {}, b"")
        StoredMedia.objects.update(attempts=fetching.MAX_ATTEMPTS - 1)
        row = fetched()
        assert (row.state, row.reason) == ("failed", "The provider answered 503.")

    def test_a_connection_that_ends_early_is_tried_again(self, number, provider):
        number.gets(meta.message("image", provider.has(picture())))
        provider.answers["/bytes/1003383421387256"] = (200, {"Content-Length": "9999999"}, picture())
        row = fetched()
        assert (row.state, row.name) == ("waiting", "")

    @pytest.mark.parametrize(
        "url",
        [
            "https://169.254.169.254/latest/meta-data",
            "https://files.example/1",
            "http://lookaside.fbsbx.com/1",
            "https://lookaside.fbsbx.com:8443/1",
            "https://lookaside.fbsbx.com@files.example/1",
            "https://notfbsbx.com/1",
            "file:///etc/passwd",
            "https://[::1/",
        ],
    )
    def test_an_address_that_is_not_the_providers_is_not_asked(self, number, provider, url):
        number.gets(meta.message("image", provider.has(picture())))
        provider.answers["/v26.0/1003383421387256"] = (200, {}, json.dumps({"url": url}).encode())
        row = fetched()
        assert (row.state, row.name) == ("refused", "")
        assert len(provider.requests) == 1

    def test_redirects_are_not_followed(self, number, provider):
        number.gets(meta.message("image", provider.has(picture())))
        provider.answers["/bytes/1003383421387256"] = (302, {"Location": f"{provider.address}/other"}, b"")
        assert fetched().state == "waiting"
        assert "/other" not in [path for path, _ in provider.requests]

    def test_a_number_without_token_says_so(self, inbox, provider):
        inbox.gets(meta.message("image", provider.has(picture())))
        row = fetched()
        assert (row.state, provider.requests) == ("waiting", [])
        assert "No access token" in row.reason

    def test_a_file_whose_number_is_gone_waits(self, number, provider):
        number.gets(meta.message("image", provider.has(picture())))
        Channel.objects.all().delete()
        assert "not connected" in fetched().reason

    def test_a_file_whose_number_moved_to_another_business_is_not_fetched_with_its_token(
        self, number, provider, stranger
    ):
        number.gets(meta.message("image", provider.has(picture())))
        Channel.objects.update(user=stranger.user)
        row = fetched()
        assert (row.state, provider.requests) == ("waiting", [])
        assert "not connected" in row.reason


class TestTwilio:
    @pytest.fixture
    def twilio(self, owner, provider):
        connect_channel(user_id=owner.id, phone_number_id=BUSINESS, provider="twilio", access_token=TWILIO_TOKEN)
        return provider

    def deliver(self, provider, content=None, **more):
        provider.has(content or picture(), "ME1")
        url = f"{provider.address}/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"
        form = {"NumMedia": "1", "MediaUrl0": url, "MediaContentType0": "image/jpeg", "MessageType": "image"} | more
        deliver_form(provider_client(), MESSAGE | form)

    def test_a_file_is_fetched_by_its_address_with_the_accounts_login(self, twilio):
        self.deliver(twilio)
        assert fetched().state == "stored"
        ((_, authorization),) = twilio.requests
        assert authorization.startswith("Basic ")

    def test_the_login_is_not_passed_on_to_where_twilio_leads(self, twilio):
        self.deliver(twilio)
        path = "/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"
        twilio.answers[path] = (307, {"Location": f"{twilio.address}/cdn/ME1"}, b"")
        assert fetched().state == "stored"
        assert [(path, bool(login)) for path, login in twilio.requests] == [(path, True), ("/cdn/ME1", False)]

    def test_it_leads_nowhere_else(self, twilio):
        self.deliver(twilio)
        path = "/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"
        twilio.answers[path] = (302, {"Location": "http://127.0.0.1:1/x"}, b"")
        assert fetched().state == "refused"
        twilio.answers[path] = (302, {"Location": path}, b"")
        StoredMedia.objects.update(state="waiting")
        assert due_again().reason == "The provider leads from one address to the next."

    def test_an_address_of_another_host_is_not_asked(self, twilio):
        self.deliver(twilio, MediaUrl0="https://files.example/ME1")
        assert fetched().state == "refused"
        assert twilio.requests == []


class TestRecording:
    def test_two_workers_do_not_fetch_one_file_twice(self, number, provider):
        number.gets(meta.message("image", provider.has(picture())))
        assert len(fetching._claim(fetching.THREADS)) == 1
        assert fetching._claim(fetching.THREADS) == []

    def test_what_a_worker_fetched_for_a_message_that_is_gone_is_deleted(self, number, provider):
        number.gets(meta.message("image", provider.has(picture())))
        (file,) = fetching._claim(fetching.THREADS)
        kept = fetching._fetch(file, fetching._tokens(set(Channel.objects.values_list("pk", flat=True))))
        assert isinstance(kept, fetching.Kept)
        StoredMedia.objects.update(message=None)
        fetching._record(file, kept)
        with pytest.raises(stored_files.FileMissing):
            bytes_of(kept.name)

    def test_a_bomb_is_kept_without_a_small_picture(self, number, provider):
        number.gets(meta.message("image", provider.has(picture(8000, 8000, "PNG", "1"))))
        row = fetched()
        assert (row.state, row.thumbnail_name) == ("stored", "")


class TestOneAtATime:
    """A slow provider keeps one job of a worker busy, not all of them."""

    def test_a_call_beside_another_one_leaves_the_files_to_it(self, number, provider):
        beside: list[int] = []

        def call_once() -> bool:
            if not beside:
                beside.append(fetching.fetch_due())
            return False

        number.gets(meta.message("image", provider.has(picture())))
        assert fetching.fetch_due(should_stop=call_once) == 1
        assert beside == [0]

    def test_a_file_that_comes_as_the_call_ends_is_not_left_to_the_next_minute(self, number, provider, monkeypatch):
        claim, beside = fetching._claim, []

        def claim_nothing_as_a_file_comes(limit):
            monkeypatch.setattr(fetching, "_claim", claim)
            number.gets(meta.message("image", provider.has(picture())))
            beside.append(fetching.fetch_due())
            return []

        monkeypatch.setattr(fetching, "_claim", claim_nothing_as_a_file_comes)
        assert fetching.fetch_due() == 1
        assert beside == [0]

    def test_a_file_that_comes_slowly_keeps_a_thread_and_not_the_files_after_it(self, number, provider, monkeypatch):
        fetch, others_are_stored = fetching._fetch, threading.Event()
        waited: list[bool] = []

        def fetch_slowly(file, tokens):
            if file.id == first.pk:
                waited.append(others_are_stored.wait(DEADLINE_SECONDS))
            return fetch(file, tokens)

        def look() -> bool:
            if StoredMedia.objects.filter(state="stored").count() == fetching.THREADS + 1:
                others_are_stored.set()
            return False

        monkeypatch.setattr(fetching, "_fetch", fetch_slowly)
        for _ in range(fetching.THREADS + 2):
            number.gets(meta.message("image", provider.has(picture())))
        first = StoredMedia.objects.order_by("due_at", "pk")[0]
        assert fetching.fetch_due(should_stop=look) == fetching.THREADS + 2
        assert waited == [True]


def test_simulated_messages_have_painted_pictures(inbox, settings):
    settings.WHATSAPP_BACKEND = "console"
    inbox.gets(meta.message("image", {"id": "5"}))
    assert fetched().state == "stored"
