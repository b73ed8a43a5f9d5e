"""WhatsApp numbers in the admin: the access token is stored and never shown."""

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from tests.staff import Staff, address, errors_of, member_of, operator, staff_of
from whatsapp.models import AccountEvent, Channel

TOKEN = "EAAG-very-secret"
ADD = address("add", Channel)


def typed(owner, **fields):
    return {"user": str(owner.id), "phone_number_id": "1065550001", "access_token": TOKEN} | fields


def pages_of(person: Staff, channel: Channel) -> str:
    paths = [address("changelist", Channel), *(address(page, channel) for page in ("change", "history", "delete"))]
    return "".join(person.get(path).content.decode() for path in paths)


def test_a_token_is_stored_encrypted_and_never_shown(owner):
    person = operator()
    assert person.fill(ADD, **typed(owner)).status_code == 302

    channel = Channel.objects.get()
    assert channel.access_token == TOKEN
    assert TOKEN not in channel.encrypted_access_token
    pages = pages_of(person, channel)
    assert TOKEN not in pages
    assert channel.encrypted_access_token not in pages


def test_an_app_secret_is_stored_encrypted_kept_replaced_and_never_shown(owner):
    person = operator()
    assert person.fill(ADD, **typed(owner, app_secret="of the app")).status_code == 302
    channel = Channel.objects.get()
    assert channel.app_secret == "of the app"
    for shown in ("of the app", channel.encrypted_app_secret):
        assert shown not in pages_of(person, channel)
    path = address("change", channel)
    person.fill(path, display_number="+4930")
    channel.refresh_from_db()
    assert channel.app_secret == "of the app"
    person.fill(path, app_secret="a newer one")
    channel.refresh_from_db()
    assert (channel.app_secret, channel.access_token) == ("a newer one", TOKEN)
    assert list(errors_of(person.fill(path, app_secret="two\u200blines"))) == ["app_secret"]


def test_an_empty_field_keeps_the_token_and_a_new_one_replaces_it(owner):
    person = operator()
    person.fill(ADD, **typed(owner))
    path = address("change", Channel.objects.get())

    person.fill(path, display_number="+49 30 1234567", active=None)
    channel = Channel.objects.get()
    assert (channel.access_token, channel.display_number, channel.active) == (TOKEN, "+49 30 1234567", False)

    person.fill(path, access_token="a newer one")
    assert Channel.objects.get().access_token == "a newer one"


@pytest.mark.parametrize(("waba_id", "stored"), [("102290129340398", "102290129340398"), ("", "")])
def test_the_account_can_be_set(owner, waba_id, stored):
    assert operator().fill(ADD, **typed(owner, waba_id=waba_id)).status_code == 302
    assert Channel.objects.get().waba_id == stored


def test_an_account_that_is_no_id_is_an_error_of_the_form(owner):
    answer = operator().fill(ADD, **typed(owner, waba_id="Bella's"))
    assert "only digits" in answer.content.decode()
    assert not Channel.objects.exists()


def test_an_old_form_with_a_new_token_changes_the_token_only(owner):
    person = operator()
    person.fill(ADD, **typed(owner))
    path = address("change", Channel.objects.get())
    old_form = person.form(path)
    person.fill(path, display_number="new", active=None)

    person.send(path, old_form, access_token="a newer one")

    channel = Channel.objects.get()
    assert (channel.access_token, channel.display_number, channel.active) == ("a newer one", "new", False)


@pytest.mark.parametrize(
    ("fields", "field", "error"),
    [
        ({"phone_number_id": "taken"}, "phone_number_id", "This phone number id belongs to another channel."),
        ({"phone_number_id": ""}, "phone_number_id", "This field is required."),
        ({"provider": "fax"}, "provider", "Select a valid choice. fax is not one of the available choices."),
        ({"user": ""}, "user", "This field is required."),
    ],
)
def test_invalid_input_is_an_error_and_keeps_the_token_secret(owner, stranger, fields, field, error):
    Channel.objects.create(user=stranger.user, phone_number_id="taken")

    response = operator().fill(ADD, **typed(owner, **fields))

    assert errors_of(response) == {field: [error]}
    assert TOKEN not in response.content.decode()


def test_without_an_encryption_key_no_token_is_stored(owner, settings):
    settings.FIELD_ENCRYPTION_KEYS = []
    person = operator()

    ((problem,),) = errors_of(person.fill(ADD, **typed(owner))).values()

    assert problem.startswith("FIELD_ENCRYPTION_KEYS is not set")
    assert person.fill(ADD, **typed(owner, access_token="")).status_code == 302
    assert Channel.objects.get().access_token == ""


def test_the_list_shows_which_numbers_have_a_token(owner):
    person = operator()
    person.fill(ADD, **typed(owner))
    person.fill(ADD, **typed(owner, phone_number_id="2", access_token=""))
    shown = person.get(address("changelist", Channel)).context["cl"].result_list
    assert [bool(channel.encrypted_access_token) for channel in shown] == [False, True]


def test_agents_read_the_pages_of_their_numbers_and_change_nothing(owner, stranger):
    operator().fill(ADD, **typed(owner))
    channel = Channel.objects.get()
    Channel.objects.update(stopped_at=Now(), stop_reason="190: The token has expired.")
    theirs = Channel.objects.create(user=stranger.user, phone_number_id="theirs", display_number="+4930999")
    account = {"user": owner.user, "waba_id": "1", "field": "phone_number_quality_update", "at": Now(), "value": {}}
    event = {"event": "FLAGGED", "aspect": "quality", "text": "The quality is low", "is_problem": True}
    AccountEvent.objects.create(channel_id=channel.pk, number="1", subject="", digest="1", **account, **event)
    staff = member_of(owner, "agent")

    page = staff.get(address("change", channel)).content.decode()

    assert staff.found(Channel) == {channel.pk}
    for shown in (channel.phone_number_id, "The quality is low", "The token has expired"):
        assert shown in page
    for secret in (
        TOKEN,
        channel.encrypted_access_token,
        "Access token",
        'name="app_secret"',
        "Resume sending",
        'name="_save"',
    ):
        assert secret not in page
    assert staff.client.get(address("change", theirs)).status_code == 302
    for path in (ADD, address("delete", channel)):
        assert staff.get(path).status_code == 403
    resume = f"{address('change', channel).removesuffix('change/')}resume/"
    assert staff.client.post(resume).status_code == 403
    assert staff.client.post(address("change", channel), {"phone_number_id": "2"}).status_code == 403
    alerts = staff.get(reverse("overview")).content.decode()
    assert address("change", channel) in alerts


def test_owners_add_and_see_their_own_channels(owner, stranger):
    theirs = Channel.objects.create(user=stranger.user, phone_number_id="theirs")
    staff = staff_of(owner)

    staff.fill(ADD, **typed(stranger), app_secret="the app's secret of the owner")

    own = Channel.objects.get(phone_number_id="1065550001")
    assert own.user == owner.user
    assert staff.found(Channel) == {own.pk}
    assert staff.get(address("change", theirs)).status_code == 302
    assert staff.fill(address("change", own), display_number="ours").status_code == 302


@pytest.mark.parametrize(("provider", "field"), [("cloud", "app_secret"), ("twilio", "access_token")])
def test_an_owner_proves_that_a_number_is_theirs_by_its_secret(owner, stranger, provider, field):
    """Otherwise the secrets of the operator would count, and deliveries of another business's number could be taken."""
    number = {"provider": provider, "phone_number_id": "+14155238886" if provider == "twilio" else "1065550001"}
    staff = staff_of(owner)
    assert "belongs to you" in errors_of(staff.fill(ADD, **number))[field][0]
    own = Channel.objects.create(user=owner.user, phone_number_id="1065550002")
    assert "belongs to you" in errors_of(staff.fill(address("change", own), **number))[field][0]
    assert staff.fill(address("change", own), display_number="ours").status_code == 302
    assert operator().fill(ADD, user=str(owner.id), **number).status_code == 302


def test_an_owner_proves_that_an_account_is_theirs_by_its_secret(owner):
    """Otherwise the secrets of the operator would count, and events of another business's account could be taken."""
    own = Channel.objects.create(user=owner.user, phone_number_id="1065550002", waba_id="102290129340398")
    page, staff = address("change", own), staff_of(owner)
    assert "belongs to you" in errors_of(staff.fill(page, waba_id="102290129340399"))["app_secret"][0]
    assert staff.fill(page, waba_id="").status_code == 302
    assert "belongs to you" in errors_of(staff.fill(page, waba_id="102290129340399"))["app_secret"][0]
    assert staff.fill(page, waba_id="102290129340399", app_secret="of the app").status_code == 302
    assert Channel.objects.get().waba_id == "102290129340399"


@pytest.mark.parametrize("shown", ["+49 30 7654321", "Shop, (030) 765 43 21"])
def test_an_owner_proves_that_other_digits_are_theirs_by_the_secret(owner, shown):
    """Meta names some numbers by their digits only: events of another business's number could be taken."""
    fields = {"phone_number_id": "1065550002", "display_number": "+49 30 1234567"}
    page, staff = address("change", Channel.objects.create(user=owner.user, **fields)), staff_of(owner)
    assert "belongs to you" in errors_of(staff.fill(page, display_number=shown))["app_secret"][0]
    for same in ("Shop, +49 (30) 123 45 67", "Shop", ""):
        assert staff.fill(page, display_number=same).status_code == 302
    assert staff.fill(page, display_number=shown, app_secret="of the app").status_code == 302
    assert Channel.objects.get().display_number == shown


def test_an_owner_writes_the_digits_of_a_number_at_twilio_as_they_like(owner):
    fields = {"phone_number_id": "+14155238886", "provider": "twilio"}
    page = address("change", Channel.objects.create(user=owner.user, **fields))
    assert staff_of(owner).fill(page, display_number="(415) 523-8886").status_code == 302
