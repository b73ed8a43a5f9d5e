"""System checks: the errors and warnings of `manage.py check`."""

from functools import cache

import pytest
from django.core.checks import run_checks
from django.core.checks.registry import registry
from django.db import OperationalError, connection
from drf_spectacular.checks import schema_check

from leadsite.core.postgresql import replica

pytestmark = pytest.mark.django_db


@cache
def schema_messages():
    return schema_check(None)


def schema_check_once(app_configs, **options):
    """As drf-spectacular's, whose messages depend on no setting: it makes the whole schema, which takes 0.1 s."""
    return schema_messages()


@pytest.fixture(autouse=True)
def one_schema(monkeypatch):
    vars(schema_check_once)["tags"] = vars(schema_check)["tags"]
    checks = {schema_check_once if check is schema_check else check for check in registry.deployment_checks}
    assert schema_check_once in checks
    monkeypatch.setattr(registry, "deployment_checks", checks)


def ids(*, deploy=False):
    return {message.id for message in run_checks(include_deployment_checks=deploy)}


def test_a_correct_installation_has_no_messages(settings):
    settings.FIELD_ENCRYPTION_KEYS = ["a key of more than sixteen characters"]
    assert not ids()


@pytest.mark.parametrize("keys", [["short"], ["a key of more than sixteen characters", "short"]])
def test_a_short_encryption_key_is_an_error(settings, keys):
    settings.FIELD_ENCRYPTION_KEYS = keys
    assert "leadsite.E001" in ids()


@pytest.mark.parametrize(("required", "found"), [("optional", False), ("owners", True), ("all", True)])
def test_a_second_factor_that_nobody_can_set_up_is_an_error(settings, required, found):
    settings.FIELD_ENCRYPTION_KEYS, settings.STAFF_SECOND_FACTOR = [], required
    assert ("leadsite.E009" in ids()) is found
    settings.FIELD_ENCRYPTION_KEYS = ["a key of more than sixteen characters"]
    assert "leadsite.E009" not in ids()


@pytest.mark.parametrize(
    ("mail", "public", "found"),
    [
        ("smtp+tls://user:word@mail.example:587", "", True),
        ("smtp+tls://user:word@mail.example:587", "https://leads.example.com", False),
        ("", "", False),
    ],
)
def test_a_mail_server_without_the_address_of_the_site_is_a_warning(settings, mail, public, found):
    settings.FIELD_ENCRYPTION_KEYS = ["a key of more than sixteen characters"]
    settings.EMAIL_URL, settings.PUBLIC_URL = mail, public
    assert (ids() == {"leadsite.W005"}) is found
    assert ("leadsite.W005" in ids(deploy=True)) is found


def test_a_deployment_without_encryption_keys_is_a_warning(settings):
    settings.FIELD_ENCRYPTION_KEYS = []
    assert "leadsite.W001" in ids(deploy=True)
    assert "leadsite.W001" not in ids()


def test_a_deployment_on_the_embedded_postgresql_is_an_error(settings):
    settings.EMBEDDED_POSTGRES = True
    assert "leadsite.E002" in ids(deploy=True)
    settings.EMBEDDED_POSTGRES = False
    assert "leadsite.E002" not in ids(deploy=True)


def test_a_deployment_without_a_verify_token_is_a_warning(settings):
    settings.WHATSAPP_VERIFY_TOKEN = ""
    assert "leadsite.W003" in ids(deploy=True)
    assert "leadsite.W003" not in ids()
    settings.WHATSAPP_VERIFY_TOKEN = "a token"
    assert "leadsite.W003" not in ids(deploy=True)


def test_a_deployment_with_a_short_verify_token_is_an_error(settings):
    settings.WHATSAPP_VERIFY_TOKEN = "verify"
    assert "leadsite.E003" in ids(deploy=True)
    assert "leadsite.E003" not in ids()
    settings.WHATSAPP_VERIFY_TOKEN = "a token of more than sixteen characters"
    assert "leadsite.E003" not in ids(deploy=True)


def refused():
    raise OperationalError("connection refused")


def test_a_superuser_as_application_role_is_a_warning(settings):
    """The tests' own role is one."""
    settings.APPLICATION_ROLE, settings.OWNER_DATABASE = connection.settings_dict["USER"], connection.settings_dict
    found = run_checks(include_deployment_checks=True, databases=["default"])
    assert "is a superuser." in " ".join(message.msg for message in found if message.id == "leadsite.W004")
    settings.OWNER_DATABASE = {}
    found = run_checks(include_deployment_checks=True, databases=["default"])
    assert "leadsite.W004" not in {message.id for message in found}


@pytest.mark.parametrize(
    ("misfit", "found"),
    [
        (lambda: "", set()),
        (lambda: "is no standby: it is the primary itself, or was promoted", {"leadsite.E010"}),
        (refused, {"leadsite.W006"}),
    ],
)
def test_a_replica_that_does_not_fit_is_an_error_and_one_that_is_away_a_warning(monkeypatch, misfit, found):
    monkeypatch.setattr(replica, "misfit", misfit)
    ours = {"leadsite.E010", "leadsite.W006"}
    assert not {message.id for message in run_checks(databases=["default"])} & ours
    monkeypatch.setattr(replica, "is_set", lambda: True)
    assert {message.id for message in run_checks(databases=["default"])} & ours == found
    assert not ids() & ours


GOOD = "c4Xo8uPz2Qm1Rt6Yw0Ls9Kd3Vb7Nh5Ga"


def messages(**wanted):
    return [message for message in run_checks(include_deployment_checks=True) if message.id == wanted["id"]]


@pytest.mark.parametrize(
    "weak",
    # Too short, of too few characters, of words that everybody tries: each of them alone, too.
    [
        *("short", GOOD[:31], "a" * 40, "abc" * 12, "x9" * 20),
        *("change-me-change-me-change-me-please", "your_secret_key_here" * 2),
    ],
)
def test_a_deployment_with_a_weak_secret_key_is_an_error(settings, weak):
    settings.SECRET_KEY = weak
    (message,) = messages(id="leadsite.E004")
    assert message.msg.startswith("SECRET_KEY ")
    assert weak not in f"{message.msg} {message.hint}"
    settings.SECRET_KEY = GOOD
    assert not messages(id="leadsite.E004")


@pytest.mark.parametrize("weak", ["verify-token-123", "my-verify-token-1", "a" * 20, "short", GOOD[:15]])
def test_a_deployment_with_a_weak_verify_token_is_an_error(settings, weak):
    settings.WHATSAPP_VERIFY_TOKEN = weak
    assert messages(id="leadsite.E003")
    settings.WHATSAPP_VERIFY_TOKEN = GOOD
    assert not messages(id="leadsite.E003")


@pytest.mark.parametrize("name", ["WHATSAPP_APP_SECRETS", "FIELD_ENCRYPTION_KEYS", "METRICS_TOKEN"])
def test_every_other_secret_is_looked_at(settings, name):
    settings.SECRET_KEY = GOOD
    weak = "change-me-change-me"
    setattr(settings, name, weak if name == "METRICS_TOKEN" else [GOOD[::-1], weak])
    (message,) = messages(id="leadsite.E004")
    assert message.msg.startswith(name)


def test_the_password_of_the_example_is_an_error(settings, monkeypatch):
    settings.SECRET_KEY = GOOD
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "password")
    assert "DATABASE_URL" in messages(id="leadsite.E004")[0].msg


def test_one_secret_in_two_places_is_an_error(settings):
    settings.SECRET_KEY = settings.WHATSAPP_VERIFY_TOKEN = GOOD
    (message,) = messages(id="leadsite.E005")
    assert "SECRET_KEY and WHATSAPP_VERIFY_TOKEN" in message.msg


def test_https_without_a_proxy_or_a_certificate_is_an_error(settings):
    settings.SECURE_SSL_REDIRECT, settings.BEHIND_PROXY = True, False
    assert "BEHIND_PROXY=true" in messages(id="leadsite.E006")[0].hint
    for remedy in ("BEHIND_PROXY", "SERVER_HAS_CERTIFICATE"):
        setattr(settings, remedy, True)
        assert not messages(id="leadsite.E006")
        setattr(settings, remedy, False)
    settings.SECURE_SSL_REDIRECT = False
    assert not messages(id="leadsite.E006")


def test_debug_and_every_host_are_errors(settings):
    settings.DEBUG, settings.ALLOWED_HOSTS = True, ["leads.example.com", "*"]
    assert {"leadsite.E007", "leadsite.E008"} <= ids(deploy=True)
    settings.DEBUG, settings.ALLOWED_HOSTS = False, ["leads.example.com"]
    assert not {"leadsite.E007", "leadsite.E008"} & ids(deploy=True)
