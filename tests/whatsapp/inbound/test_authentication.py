"""Whose secret signs what: deliveries forged with the secret of another tenant or provider, through the webhook."""

import json

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from conversations.models import Message
from tests.cases import each_case
from tests.factories import NOTHING
from tests.whatsapp import account_deliveries, meta, twilio_forms
from tests.whatsapp.webhook_client import PATH, assert_refused, deliver, deliver_form, provider_client
from whatsapp.channels import connect_channel
from whatsapp.inbound.replay import replay_due, replay_each
from whatsapp.models import AccountEvent, Channel, MessageTemplate, WebhookDelivery

pytestmark = pytest.mark.django_db

LIST, A, B = "secret of the list", "secret-of-A", "secret-of-B"
A_NUMBER, B_NUMBER, UNKNOWN = "1001", "1002", "1003"
A_TWILIO, B_TWILIO = "+14155238881", "+14155238882"
A_TOKEN, B_TOKEN = "ACaaaa:token-of-A", "ACbbbb:token-of-B"


@pytest.fixture(autouse=True)
def tenants(owner, stranger, settings):
    """A is the owner and B the stranger; each has a number at both providers."""
    settings.WHATSAPP_APP_SECRETS, settings.PUBLIC_URL = [LIST], ""
    connect_channel(user_id=owner.id, phone_number_id=A_NUMBER, app_secret=A, waba_id="501")
    connect_channel(user_id=stranger.id, phone_number_id=B_NUMBER, app_secret=B, waba_id="502")
    connect_channel(user_id=owner.id, phone_number_id=A_TWILIO, access_token=A_TOKEN)
    connect_channel(user_id=stranger.id, phone_number_id=B_TWILIO, access_token=B_TOKEN)


def value(number, text="Hello", **fields):
    return meta.messages_value(number, messages=[meta.text(text, **fields)])


def to_meta(number, secret):
    return deliver(provider_client(), meta.body(value(number)), secret=secret).status_code


def to_twilio(number, secret, account):
    form = twilio_forms.MESSAGE | {"To": f"whatsapp:{number}", "AccountSid": account}
    return deliver_form(provider_client(), form, secret=secret).status_code


def stored():
    return WebhookDelivery.objects.count(), Message.objects.count()


SECRETS = [A, B, "token-of-A", "token-of-B", LIST]


@each_case("secret", SECRETS)
@each_case("number", [A_NUMBER, B_NUMBER, A_TWILIO, B_TWILIO])
def test_meta_signs_for_a_number_with_its_own_secret_only(number, secret):
    genuine = (number, secret) in {(A_NUMBER, A), (B_NUMBER, B)}
    assert to_meta(number, secret) == (200 if genuine else 401)
    assert stored() == ((1, 1) if genuine else (0, 0))


@each_case("account", ["ACaaaa", "ACbbbb", ""])
@each_case("secret", SECRETS)
@each_case("number", [A_TWILIO, B_TWILIO, A_NUMBER, B_NUMBER])
def test_twilio_signs_for_a_number_with_the_token_of_its_account_only(number, secret, account):
    genuine = f"{number} {account}:{secret}" in {f"{A_TWILIO} {A_TOKEN}", f"{B_TWILIO} {B_TOKEN}"}
    assert to_twilio(number, secret, account) == (200 if genuine else 401)
    assert stored() == ((1, 1) if genuine else (0, 0))


def test_a_status_of_twilio_is_signed_for_the_number_that_it_is_from(owner):
    form = twilio_forms.STATUS | {"From": f"whatsapp:{B_TWILIO}", "To": f"whatsapp:{A_TWILIO}"}
    for forged in (form | {"AccountSid": "ACaaaa"}, form | {"AccountSid": "ACbbbb"}):
        assert deliver_form(provider_client(), forged, secret="token-of-A").status_code == 401
    assert stored() == (0, 0)
    assert deliver_form(provider_client(), form | {"AccountSid": "ACbbbb"}, secret="token-of-B").status_code == 200


def test_a_twilio_number_with_an_api_key_needs_a_secret_of_its_own(owner):
    connect_channel(user_id=owner.id, phone_number_id=A_TWILIO, access_token="ACaaaa:SKaaaa:secret of a key")
    for secret in ("token-of-A", "secret of a key", "SKaaaa:secret of a key", LIST):
        assert to_twilio(A_TWILIO, secret, "ACaaaa") == 401
    connect_channel(user_id=owner.id, phone_number_id=A_TWILIO, app_secret="token-of-A")
    assert to_twilio(A_TWILIO, "token-of-A", "ACbbbb") == 401
    assert to_twilio(A_TWILIO, "token-of-A", "ACaaaa") == 200


def test_the_list_is_for_metas_numbers_without_a_secret_and_for_unknown_ones(owner):
    connect_channel(user_id=owner.id, phone_number_id="1004")
    assert [to_meta(number, LIST) for number in ("1004", UNKNOWN)] == [200, 200]
    assert [to_meta(number, A) for number in ("1004", UNKNOWN)] == [401, 401]
    assert stored() == (2, 1)
    connect_channel(user_id=owner.id, phone_number_id="+14155238884")
    assert to_twilio("+14155238884", LIST, "AC1") == 401


def test_escaped_keys_do_not_hide_whose_number_it_is(stranger):
    """The search of the raw bytes finds A's number only, which is in a part without events."""
    bait = meta.change("a_new_field", meta.value(A_NUMBER))
    body = meta.body(bait, value(B_NUMBER)).replace(
        b'"phone_number_id": "%s"' % B_NUMBER.encode(), b'"\\u0070hone_number_id": "%s"' % B_NUMBER.encode()
    )
    assert B_NUMBER in json.dumps(json.loads(body))
    assert b"u0070" in body
    for secret in (A, LIST, "token-of-A"):
        assert deliver(provider_client(), body, secret=secret).status_code == 401
    for hidden in (b"\\u0031002", b"1002 "):
        escaped = meta.body(bait, value("hidden")).replace(b'"hidden"', b'"%s"' % hidden)
        assert deliver(provider_client(), escaped, secret=A).status_code == 401
    assert stored() == (0, 0)
    assert stranger.row_counts() == NOTHING


def test_of_two_keys_with_one_name_the_one_that_is_read_counts(stranger):
    body = meta.body(value(B_NUMBER)).replace(b'"metadata": {', b'"metadata": {"phone_number_id": "1001", ')
    assert body.count(b"phone_number_id") == 2
    assert deliver(provider_client(), body, secret=A).status_code == 401
    assert stored() == (0, 0)


@pytest.mark.parametrize(("secret", "text"), [(A, "for A"), (B, "for B")])
def test_of_several_numbers_only_those_whose_secret_signed_get_their_part(secret, text):
    body = meta.body(value(A_NUMBER, "for A"), value(B_NUMBER, "for B"), value(UNKNOWN, "for nobody"))
    assert deliver(provider_client(), body, secret=secret).status_code == 200
    assert [row.content for row in Message.objects.all()] == [text]
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.unrouted) == ("processed", [])
    assert delivery.error.count("not signed with the secret of this number") == 2


def test_numbers_with_one_secret_share_a_delivery(owner, stranger):
    connect_channel(user_id=stranger.id, phone_number_id=B_NUMBER, app_secret=A)
    body = meta.body(value(A_NUMBER, "for A"), value(B_NUMBER, "for B"))
    assert deliver(provider_client(), body, secret=A).status_code == 200
    assert {row.content for row in Message.objects.all()} == {"for A", "for B"}


def test_what_the_list_signed_is_routed_later_if_the_secret_of_the_number_signed_it_too(owner, stranger):
    assert to_meta(UNKNOWN, LIST) == to_meta("1004", LIST) == to_meta("1005", LIST) == 200
    connect_channel(user_id=owner.id, phone_number_id=UNKNOWN)
    wrong = connect_channel(user_id=stranger.id, phone_number_id="1004", app_secret=B)
    connect_channel(user_id=stranger.id, phone_number_id="1005", app_secret="secret-of-1005")
    assert replay_due() == {"processed": 3}
    assert replay_due() == {}
    assert (owner.row_counts(), stranger.row_counts()) == ((1, 1, 1), NOTHING)
    wrong.encrypted_app_secret = ""
    wrong.save()
    assert replay_due() == {}
    ids = WebhookDelivery.objects.order_by("pk").values_list("pk", flat=True)
    assert [state for _, state in replay_each(ids)] == ["processed"] * 3
    assert stranger.row_counts() == (1, 1, 1), "1004 has no secret any more, so the list counts"


def test_a_replay_routes_nothing_that_the_signature_did_not_cover(owner, stranger):
    body = meta.body(value(A_NUMBER, "for A"), value(B_NUMBER, "for B"))
    deliver(provider_client(), body, secret=A)
    (row,) = WebhookDelivery.objects.all()
    assert row.signed_by == [str(Channel.objects.get(phone_number_id=A_NUMBER).pk)]
    list(replay_each([row.pk]))
    assert stranger.row_counts() == NOTHING
    # The owner's part stays covered after a new secret; B's becomes so when its secret is the one that signed.
    connect_channel(user_id=owner.id, phone_number_id=A_NUMBER, app_secret="a-newer-secret")
    list(replay_each([row.pk]))
    row.refresh_from_db()
    assert row.error.splitlines() == [f"Left out, because it is not signed with the secret of this number: {B_NUMBER}"]
    connect_channel(user_id=stranger.id, phone_number_id=B_NUMBER, app_secret=A)
    list(replay_each([row.pk]))
    assert {one.content for one in Message.objects.all()} == {"for A", "for B"}


def test_a_number_that_is_switched_off_still_needs_its_secret():
    Channel.objects.filter(phone_number_id=A_NUMBER).update(active=False)
    assert [to_meta(A_NUMBER, secret) for secret in (LIST, B)] == [401, 401]
    assert to_meta(A_NUMBER, A) == 200
    assert WebhookDelivery.objects.get().unrouted == [A_NUMBER]
    Channel.objects.filter(phone_number_id=A_NUMBER).update(active=True)
    assert replay_due() == {"processed": 1}


@pytest.mark.parametrize(("secret", "status", "count"), [(B, 200, 1), (A, 401, 0), (LIST, 401, 0)])
def test_events_of_an_account_need_the_secret_of_its_numbers(secret, status, count):
    ban = {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}
    body = account_deliveries.body(account_deliveries.entry("account_update", ban, waba_id="502"))
    assert deliver(provider_client(), body, secret=secret).status_code == status
    assert AccountEvent.objects.count() == WebhookDelivery.objects.count() == count
    assert Channel.objects.exclude(stopped_at=None).count() == count
    assert not MessageTemplate.objects.exists()


def test_a_secret_that_cannot_be_decrypted_signs_for_nothing_and_the_provider_is_asked_to_repeat(settings):
    """For one, while processes are replaced whose FIELD_ENCRYPTION_KEYS lack the newest key."""
    keys, settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS, ["another key of at least 16 characters"]
    assert [to_meta(A_NUMBER, secret) for secret in (A, LIST, "")] == [503, 503, 503]
    assert to_twilio(A_TWILIO, "token-of-A", "ACaaaa") == 503
    answer = deliver(provider_client(), meta.body(value(A_NUMBER)), secret=A)
    assert_refused(answer, 503, "secret_unreadable")
    assert answer["Retry-After"] == "5"
    assert stored() == (0, 0)
    assert to_meta(UNKNOWN, LIST) == 200
    assert [to_meta(UNKNOWN, A), to_meta("", A)] == [401, 401]
    settings.FIELD_ENCRYPTION_KEYS = keys
    assert to_meta(A_NUMBER, A) == to_twilio(A_TWILIO, "token-of-A", "ACaaaa") == 200


def test_a_part_whose_secret_cannot_be_decrypted_waits_beside_a_readable_one(stranger):
    connect_channel(user_id=stranger.id, phone_number_id=B_NUMBER, app_secret=A)
    of_b = Channel.objects.filter(phone_number_id=B_NUMBER)
    encrypted = of_b.get().encrypted_app_secret
    of_b.update(encrypted_app_secret="of another key")
    ban = account_deliveries.entry("account_update", {"event": "DISABLED_UPDATE"}, waba_id="502")
    messages = meta.delivery(value(A_NUMBER, "for A"), value(B_NUMBER, "for B"), value(UNKNOWN, "for nobody"))
    body = account_deliveries.body(*messages["entry"], ban)
    assert deliver(provider_client(), body, secret=A).status_code == 200
    assert [row.content for row in Message.objects.all()] == ["for A"]
    row = WebhookDelivery.objects.get()
    assert (row.state, row.unrouted) == ("failed", [])
    assert f"Not stored yet, because the secret of this number cannot be decrypted: {B_NUMBER}" in row.error
    assert "Not stored yet, because a secret of the account cannot be decrypted: 502" in row.error
    due = WebhookDelivery.objects.exclude(next_attempt_at=None)
    assert [due.update(next_attempt_at=Now()), replay_due()] == [1, {"failed": 1}]
    of_b.update(encrypted_app_secret=encrypted)
    assert [due.update(next_attempt_at=Now()), replay_due()] == [1, {"processed": 1}]
    assert {row.content for row in Message.objects.all()} == {"for A", "for B"}
    assert AccountEvent.objects.count() == 1
    assert not due.exists()


def test_a_new_secret_counts_at_once(owner):
    connect_channel(user_id=owner.id, phone_number_id=A_NUMBER, app_secret="a-newer-secret")
    assert (to_meta(A_NUMBER, A), to_meta(A_NUMBER, "a-newer-secret")) == (401, 200)


def test_secrets_are_encrypted_again_with_a_new_key(settings):
    old = settings.FIELD_ENCRYPTION_KEYS
    settings.FIELD_ENCRYPTION_KEYS = ["a new key of at least 16 characters", *old]
    call_command("rotate_tokens")
    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
    assert to_meta(A_NUMBER, A) == to_twilio(A_TWILIO, "token-of-A", "ACaaaa") == 200
    assert A not in Channel.objects.get(phone_number_id=A_NUMBER).encrypted_app_secret


def queries_of(post):
    with CaptureQueriesContext(connection) as queries:
        post()
    return len(queries)


def test_a_wrong_signature_costs_at_most_one_query():
    body = meta.body(*(value(str(number)) for number in range(1000, 1300)))
    provider = provider_client()
    assert queries_of(lambda: deliver(provider, body, secret="guessed")) == 1
    assert queries_of(lambda: deliver(provider, body, x_hub_signature_256="sha256=guessed")) == 0
    assert queries_of(lambda: deliver(provider, body, x_hub_signature_256=None)) == 0
    assert queries_of(lambda: to_twilio(A_TWILIO, "guessed", "ACaaaa")) == 1
    form = {"x_twilio_signature": "guessed"}
    assert queries_of(lambda: deliver_form(provider, twilio_forms.MESSAGE, path=PATH, **form)) == 0
    assert stored() == (0, 0)


def test_more_numbers_than_the_search_finds_get_their_parts(owner):
    body = meta.body(*(value(str(number)) for number in range(2000, 2150)), value(A_NUMBER, "the last one"))
    for number in range(2000, 2150):
        connect_channel(user_id=owner.id, phone_number_id=str(number), app_secret=A)
    assert deliver(provider_client(), body, secret=A).status_code == 200
    assert Message.objects.count() == 151
