"""System checks: the errors and warnings of `manage.py check`."""

import pytest
from django.core.checks import run_checks
from django.db import connection

pytestmark = pytest.mark.django_db


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
    assert ("leadsite.E004" in ids()) is found
    settings.FIELD_ENCRYPTION_KEYS = ["a key of more than sixteen characters"]
    assert "leadsite.E004" not in ids()


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


def test_a_superuser_as_application_role_is_a_warning(settings):
    """The tests' own role is one."""
    settings.APPLICATION_ROLE, settings.OWNER_DATABASE = connection.settings_dict["USER"], connection.settings_dict
    found = run_checks(include_deployment_checks=True, databases=["default"])
    assert "is a superuser." in " ".join(message.msg for message in found if message.id == "leadsite.W004")
    settings.OWNER_DATABASE = {}
    found = run_checks(include_deployment_checks=True, databases=["default"])
    assert "leadsite.W004" not in {message.id for message in found}
