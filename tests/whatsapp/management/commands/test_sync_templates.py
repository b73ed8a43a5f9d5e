"""manage.py sync_templates: output and exit codes."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.whatsapp import meta
from tests.whatsapp.mailing import TOKEN
from tests.whatsapp.template_list import WABA, listed
from whatsapp.channels import connect_channel


def command(*arguments: str) -> tuple[int, str]:
    """Run the command in this process. Returns the exit code and the output."""
    out = StringIO()
    try:
        call_command("sync_templates", *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    return 0, out.getvalue()


@pytest.fixture
def connected(owner, templates):
    connect_channel(user_id=owner.id, phone_number_id=meta.CHANNEL, access_token=TOKEN, waba_id=WABA)
    templates.accounts[WABA] = [listed(), listed("cake_late")]
    return templates


def test_each_account_is_a_line(connected):
    assert command() == (0, f"{WABA}  2 templates\n")


def test_as_json(connected, owner):
    code, out = command("--json", "--user", " Owner@bakery.example")
    account = {"user_id": str(owner.id), "waba_id": WABA, "templates": 2, "error": ""}
    assert (code, json.loads(out)) == (0, {"accounts": [account]})


def test_a_failure_is_named_and_the_exit_code_is_1(connected):
    connected.status = 500
    code, out = command()
    assert code == 1
    assert "Meta answered 500" in out
    assert out.endswith("1 of 1 accounts were not read.")


def test_without_an_account_it_says_so(owner, templates):
    code, out = command()
    assert code == 0
    assert out.startswith("No account:")


def test_an_unknown_business_or_the_console_is_2(connected, settings):
    assert command("--user", "nobody@bakery.example") == (2, "There is no business nobody@bakery.example.")
    settings.WHATSAPP_BACKEND = "console"
    assert command()[0] == 2
