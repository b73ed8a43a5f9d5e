"""The WhatsApp Business account of each number, as a delivery names it."""

import pytest

from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from whatsapp.inbound.meta.accounts import accounts_of, display_numbers_of
from whatsapp.models import Channel

ACCOUNT = "102290129340398"


def connected(inbox: Inbox) -> Channel:
    return Channel.objects.get(phone_number_id=inbox.channel)


def test_each_number_has_the_account_of_its_entry():
    entries = [
        {"id": "1", "changes": [{"value": meta.value("10")}, {"value": meta.value("11")}]},
        {"id": 2, "changes": {"value": meta.value("12")}},
    ]
    assert accounts_of({"entry": entries}) == {"10": "1", "11": "1", "12": "2"}


@pytest.mark.parametrize("account", [None, "", "0", "x1", "1" * 51, [], {}])
def test_what_is_no_account_is_left_out(account):
    assert accounts_of({"entry": [{"id": account, "changes": [{"value": meta.value()}]}]}) == {}


@pytest.mark.parametrize(
    ("shown", "number"),
    [("15550783881", "+15550783881"), ("+1 555-078-3881", "+15550783881"), (None, None), ("", None), ("x", None)],
)
def test_each_number_has_its_display_number_in_one_form(shown, number):
    value = {"metadata": {"phone_number_id": "10", "display_phone_number": shown}}
    assert display_numbers_of({"entry": [{"changes": [{"value": value}]}]}).get("10") == number


@pytest.mark.parametrize("entry", [None, 5, [5], [{"id": "1"}], [{"id": "1", "changes": [{"value": 5}]}]])
def test_what_is_no_delivery_has_no_accounts(entry):
    assert accounts_of({"entry": entry}) == display_numbers_of({"entry": entry}) == {}


def test_a_delivery_fills_a_blank_display_number_and_keeps_the_one_that_staff_have_written(inbox: Inbox):
    inbox.gets(meta.text())
    assert connected(inbox).display_number == f"+{meta.BUSINESS}"
    Channel.objects.update(display_number="Shop, +1 555 078 3881")
    inbox.gets(meta.text())
    assert connected(inbox).display_number == "Shop, +1 555 078 3881"


def test_a_delivery_fills_the_account_of_the_number_and_a_later_one_corrects_it(inbox: Inbox):
    channel = connected(inbox)
    assert channel.waba_id == ""
    inbox.gets(meta.text())
    assert connected(inbox).waba_id == ACCOUNT
    written_at = connected(inbox).updated_at
    inbox.gets(meta.text())
    assert connected(inbox).updated_at == written_at
    channel.waba_id = "777"
    channel.save()
    inbox.gets(meta.text())
    assert connected(inbox).waba_id == ACCOUNT
