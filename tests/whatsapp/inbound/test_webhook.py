"""The webhook with deliveries from Meta: signatures and responses."""

import json
from io import BytesIO

import pytest
from django.conf import settings as site
from django.db import connection

from conversations.models import Message
from leadsite.accounts.models import User
from tests.cases import each_case
from tests.factories import Business
from tests.sessions import session
from tests.whatsapp import meta
from tests.whatsapp.webhook_client import FORM, OLD_SECRET, PATH, SECRET, assert_refused, deliver, provider_client
from whatsapp.channels import connect_channel
from whatsapp.inbound.signature import sign_for_meta
from whatsapp.models import WebhookDelivery


@pytest.fixture(autouse=True)
def secrets(settings):
    settings.WHATSAPP_APP_SECRETS = [SECRET, OLD_SECRET]
    settings.PUBLIC_URL = ""


@pytest.fixture
def provider():
    return provider_client()


@pytest.fixture
def channel(owner: Business):
    return connect_channel(user_id=owner.id, phone_number_id=meta.CHANNEL)


TEXT = "Two cakes für Zoë 🎂 at 1/2 price, bella@bakery.example"
# Meta escapes the @ as well.
BODY = meta.body(meta.messages_value(messages=[meta.text(TEXT)], contacts=[meta.contact()])).replace(b"@", rb"\u0040")
GOOD = sign_for_meta(BODY, SECRET)


class TestDeliveriesOfMeta:
    @pytest.mark.parametrize("path", [PATH, f"{PATH}/"])
    def test_a_signed_delivery_is_stored_and_answered_200(self, provider, channel, owner, path):
        answer = deliver(provider, BODY, path=path)
        assert (answer.status_code, answer.json()) == (200, {"success": True})
        delivery = WebhookDelivery.objects.get()
        assert (bytes(delivery.body), delivery.provider, delivery.state) == (BODY, "cloud", "processed")
        assert Message.objects.get().content == TEXT
        assert owner.row_counts() == (1, 1, 1)

    def test_a_delivery_signed_with_the_second_secret_is_accepted(self, provider, channel, owner):
        assert deliver(provider, BODY, secret=OLD_SECRET).status_code == 200
        assert owner.row_counts() == (1, 1, 1)

    @pytest.mark.parametrize("content_type", ["text/plain", FORM, "multipart/form-data; boundary=x", ""])
    def test_the_content_type_does_not_matter(self, provider, db, content_type):
        headers = {"x_hub_signature_256": GOOD}
        assert provider.post(PATH, BODY, content_type=content_type, headers=headers).status_code == 200
        assert bytes(WebhookDelivery.objects.get().body) == BODY

    @pytest.mark.parametrize("body", [b"", b"\x00\xff", b"{", b"[" * 100_000, b'"\\ud800"', b"NaN"])
    def test_a_signed_body_that_cannot_be_read_is_stored(self, provider, db, body):
        assert deliver(provider, body).status_code == 200
        assert bytes(WebhookDelivery.objects.get().body) == body

    @each_case(
        "header",
        [
            *(None, "", "sha256=", GOOD.removeprefix("sha256="), GOOD[:-1], GOOD + "0", GOOD.upper(), GOOD[:-1] + "g"),
            *("sha1=" + GOOD.removeprefix("sha256=")[:40], GOOD.replace("sha256", "sha1"), GOOD[:-1] + "é"),
            *(sign_for_meta(BODY, "guessed"), sign_for_meta(BODY, ""), sign_for_meta(BODY + b" ", SECRET)),
        ],
    )
    def test_a_forged_signature_is_refused_and_nothing_is_stored(self, provider, channel, header):
        assert_refused(deliver(provider, BODY, x_hub_signature_256=header), 401, "not_authenticated")
        assert not WebhookDelivery.objects.exists()

    @pytest.mark.parametrize(
        "body",
        [
            BODY.replace(b"Two", b"Ten"),
            BODY + b"\n",
            json.dumps(json.loads(BODY)).encode(),
            json.dumps(json.loads(BODY), ensure_ascii=False).encode(),
            BODY.replace(b"\\/", b"/"),
            BODY.replace(rb"\u0040", b"@"),
        ],
    )
    def test_a_changed_or_reserialized_body_is_refused(self, provider, channel, body):
        assert body != BODY
        assert_refused(deliver(provider, body, x_hub_signature_256=GOOD), 401, "not_authenticated")
        assert not WebhookDelivery.objects.exists()

    def test_the_old_signature_header_of_meta_is_ignored(self, provider, db):
        answer = deliver(provider, BODY, x_hub_signature_256=None, x_hub_signature=GOOD)
        assert_refused(answer, 401, "not_authenticated")
        assert answer["WWW-Authenticate"]

    def test_without_a_secret_in_the_settings_everything_is_refused(self, provider, db, settings):
        settings.WHATSAPP_APP_SECRETS = []
        assert_refused(deliver(provider, BODY, secret=""), 401, "not_authenticated")
        assert not WebhookDelivery.objects.exists()

    def test_the_log_has_the_reason_and_not_the_content(self, provider, db, caplog):
        deliver(provider, BODY, x_hub_signature_256=None)
        (line,) = [record.getMessage() for record in caplog.records if "signature_refused" in record.getMessage()]
        assert "no signature" in line
        assert "cakes" not in line

    def test_three_megabytes_are_accepted_and_more_than_four_are_not(self, provider, db):
        """Meta's limit is 3 MB, Django's default would be 2.5."""
        assert deliver(provider, BODY + b" " * 3_100_000).status_code == 200
        too_large = BODY + b" " * site.DATA_UPLOAD_MAX_MEMORY_SIZE
        assert_refused(deliver(provider, too_large), 413, "body_too_large")
        assert WebhookDelivery.objects.count() == 1

    def test_an_incomplete_body_is_refused(self, provider, db):
        class Broken(BytesIO):
            def read(self, *size):
                raise OSError("the client closed the connection")

        answer = provider.post(
            PATH,
            BODY,
            content_type="application/json",
            headers={"x_hub_signature_256": GOOD},
            **{"wsgi.input": Broken()},
        )
        assert_refused(answer, 400, "malformed")
        assert not WebhookDelivery.objects.exists()

    def test_plain_http_is_answered_and_not_redirected(self, provider, db, settings):
        """Meta treats a redirect as a failure. Behind some TLS proxies each request looks like plain HTTP."""
        settings.SECURE_SSL_REDIRECT = True
        for path in (PATH, f"{PATH}/"):
            assert deliver(provider, BODY, path=path).status_code == 200
        assert provider.get("/api/leads").status_code == 301

    def test_a_session_does_not_replace_the_signature(self, provider, admin_user: User):
        provider.force_login(admin_user)
        assert_refused(deliver(provider, BODY, x_hub_signature_256=None), 401, "not_authenticated")


class TestUnavailableDatabase:
    @pytest.mark.django_db(transaction=True)
    def test_a_delivery_that_cannot_be_stored_is_answered_503(self, provider, owner):
        """The table is missing, as an example of errors other than connection errors."""
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE webhook_deliveries RENAME TO webhook_deliveries_away")
        try:
            answer = deliver(provider, BODY)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE webhook_deliveries_away RENAME TO webhook_deliveries")
        assert_refused(answer, 503, "database_unavailable")
        assert int(answer["Retry-After"]) > 0
        assert deliver(provider, BODY).status_code == 200

    @pytest.mark.django_db(transaction=True)
    def test_a_delivery_that_waits_too_long_for_a_lock_is_answered_503(self, provider, owner):
        with session() as other_session, connection.cursor() as cursor:
            other_session.execute("LOCK TABLE webhook_deliveries")
            cursor.execute("SET lock_timeout = '20ms'")
            try:
                answer = deliver(provider, BODY)
            finally:
                cursor.execute("RESET lock_timeout")
        assert_refused(answer, 503, "database_unavailable")
        assert int(answer["Retry-After"]) > 0
        assert not WebhookDelivery.objects.exists()
