"""manage.py create_business: user, key and channel for an operator."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from leadsite.accounts.models import ApiKey, Membership, User
from leadsite.accounts.services import STAFF_GROUP
from leadsite.core.encryption import SecretUnreadable
from tests.cases import each_case
from tests.factories import ORDER
from whatsapp.models import Channel


def create(capsys, *arguments):
    call_command("create_business", "--json", *arguments)
    return json.loads(capsys.readouterr().out)


def test_it_prints_the_business_and_a_key_that_works(db, capsys, anonymous):
    answer = create(capsys, "--email", "New@Bakery.example", "--name", "Bakery")
    assert set(answer) == {"user_id", "email", "api_key", "channel_id"}
    assert (answer["email"], answer["channel_id"]) == ("new@bakery.example", None)
    anonymous.credentials(HTTP_AUTHORIZATION=f"Bearer {answer['api_key']}")
    assert anonymous.post("/api/leads", ORDER, format="json").status_code == 201
    assert not ApiKey.objects.filter(digest__contains=answer["api_key"]).exists()


def test_a_second_run_creates_a_new_key_and_no_second_business(db, capsys):
    arguments = ["--email", "a@bakery.example", "--phone-number-id", "1065"]
    first, second = create(capsys, *arguments), create(capsys, *arguments)
    assert (first["user_id"], first["channel_id"]) == (second["user_id"], second["channel_id"])
    assert first["api_key"] != second["api_key"]
    assert (User.objects.count(), Channel.objects.count(), ApiKey.objects.count()) == (1, 1, 2)


def test_a_number_at_twilio_is_connected_with_its_provider(db, capsys):
    create(capsys, "--email", "a@bakery.example", "--phone-number-id", "+14155238886", "--provider", "twilio")
    assert Channel.objects.get().provider == "twilio"


@pytest.mark.parametrize("provider", [[], ["--provider", "twilio"]])
@pytest.mark.parametrize("written", ["+1 (415) 523-8886", "whatsapp:+14155238886", " WhatsApp: +14155238886"])
def test_a_phone_number_belongs_to_twilio_and_is_stored_normalised(db, capsys, written, provider):
    for _ in range(2):
        create(capsys, "--email", "a@bakery.example", "--phone-number-id", written, *provider)
    assert Channel.objects.values_list("provider", "phone_number_id").get() == ("twilio", "+14155238886")


def test_an_id_of_meta_is_stored_without_surrounding_spaces(db, capsys):
    create(capsys, "--email", "a@bakery.example", "--phone-number-id", " 1065\n")
    assert Channel.objects.values_list("provider", "phone_number_id").get() == ("cloud", "1065")


def test_the_account_of_the_number_is_stored_and_kept(db, capsys):
    number = ["--email", "a@bakery.example", "--phone-number-id", "1065"]
    create(capsys, *number, "--waba-id", " 102290129340398\n")
    create(capsys, *number)
    assert Channel.objects.get().waba_id == "102290129340398"
    create(capsys, *number, "--waba-id", "777")
    assert Channel.objects.get().waba_id == "777"


def test_a_token_is_stored_encrypted(db, capsys):
    create(capsys, "--email", "a@bakery.example", "--phone-number-id", "1065", "--access-token", "EAAG-secret")
    channel = Channel.objects.get()
    assert "EAAG" not in channel.encrypted_access_token
    assert channel.access_token == "EAAG-secret"
    other_keys = override_settings(FIELD_ENCRYPTION_KEYS=["a newer key, made today", "nonsense"])
    with other_keys, pytest.raises(SecretUnreadable, match="not in FIELD_ENCRYPTION_KEYS"):
        _ = channel.access_token


def test_an_app_secret_is_stored_encrypted_kept_and_replaced(db, capsys):
    number = ["--email", "a@bakery.example", "--phone-number-id", "1065"]
    create(capsys, *number, "--app-secret", "the app's secret")
    create(capsys, *number)
    channel = Channel.objects.get()
    assert channel.app_secret == "the app's secret"
    assert "app" not in channel.encrypted_app_secret
    create(capsys, *number, "--app-secret", "a newer one")
    assert Channel.objects.get().app_secret == "a newer one"


def test_secrets_come_from_standard_input_or_a_file(db, capsys, monkeypatch, tmp_path):
    number = ["--email", "a@bakery.example", "--phone-number-id", "1065"]
    monkeypatch.setattr("sys.stdin", StringIO("EAAG-first line\nthe second line\n"))
    create(capsys, *number, "--access-token", "-", "--app-secret", "the second")
    channel = Channel.objects.get()
    assert (channel.access_token, channel.app_secret) == ("EAAG-first line", "the second")
    (tmp_path / "secret").write_text("of the file\n", encoding="utf-8")
    create(capsys, *number, "--app-secret", f"@{tmp_path}/secret")
    channel.refresh_from_db()
    assert (channel.access_token, channel.app_secret) == ("EAAG-first line", "of the file")


def test_two_secrets_do_not_come_from_one_standard_input(db, monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO("one\ntwo\n"))
    arguments = ["--email", "a@bakery.example", "--phone-number-id", "1065", "--access-token", "-", "--app-secret", "-"]
    with pytest.raises(CommandError, match="--access-token and --app-secret both read standard input"):
        call_command("create_business", *arguments)
    assert not User.objects.exists()


@pytest.mark.parametrize("given", ["-", "@/nowhere/secret", "@{}/empty"])
@pytest.mark.parametrize("option", ["--access-token", "--app-secret"])
def test_a_secret_that_cannot_be_read_is_named(db, monkeypatch, tmp_path, option, given):
    monkeypatch.setattr("sys.stdin", StringIO("\n"))
    (tmp_path / "empty").touch()
    arguments = ["--email", "a@bakery.example", "--phone-number-id", "1065", option, given.format(tmp_path)]
    with pytest.raises(CommandError, match=f"^{option}: .*(is empty|cannot be read)"):
        call_command("create_business", *arguments)
    assert not User.objects.exists()


def test_staff_makes_the_login_of_the_business_its_owner_with_permissions_from_a_group(db, capsys):
    for _ in range(2):
        create(capsys, "--email", "a@bakery.example", "--staff")
    user = User.objects.get()
    membership = Membership.objects.get()
    assert (membership.person, membership.business, membership.role) == (user, user, "owner")
    assert user.is_staff
    assert not user.is_superuser
    assert user.has_perms(["leads.add_lead", "conversations.view_customer", "accounts.change_membership"])
    assert user.groups.get().name == STAFF_GROUP


REFUSED = {
    "no e-mail address": (["--email", "bakery"], "valid email"),
    "a token without a number": (["--email", "a@bakery.example", "--access-token", "t"], "--phone-number-id"),
    "a secret without a number": (["--email", "a@bakery.example", "--app-secret", "s"], "--phone-number-id"),
    "an account without a number": (["--email", "a@bakery.example", "--waba-id", "7"], "--phone-number-id"),
    "an account that is no id": (
        ["--email", "a@bakery.example", "--phone-number-id", "2", "--waba-id", "Bella's"],
        "only digits",
    ),
    "a name too long": (["--email", "a@bakery.example", "--name", "x" * 201], "at most 200"),
    "an e-mail too long": (["--email", f"{'x' * 250}@bakery.example"], "at most 254"),
    "a number too long": (["--email", "a@bakery.example", "--phone-number-id", "1" * 101], "at most 100"),
    "a phone number at Meta": (
        ["--email", "a@bakery.example", "--phone-number-id", "+14155238886", "--provider", "cloud"],
        "--provider twilio",
    ),
    "another's number": (["--email", "a@bakery.example", "--phone-number-id", "1065"], "another business"),
}


@each_case("case", REFUSED)
def test_a_refusal_creates_no_business_and_no_key(stranger, case):
    Channel.objects.create(user=stranger.user, phone_number_id="1065")
    keys = ApiKey.objects.count()
    arguments, reason = REFUSED[case]
    with pytest.raises(CommandError, match=reason):
        call_command("create_business", *arguments)
    assert User.objects.get() == stranger.user
    assert ApiKey.objects.count() == keys
