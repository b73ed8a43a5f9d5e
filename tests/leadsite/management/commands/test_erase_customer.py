"""manage.py erase_customer: says what would go, asks, and erases."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from conversations.models import Customer
from leadsite.privacy.models import Erasure
from tests.factories import ORDER

pytestmark = pytest.mark.django_db


def erase(*arguments):
    out = StringIO()
    call_command("erase_customer", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def customer(owner):
    owner.post_lead()
    return Customer.objects.get()


@pytest.mark.parametrize("spelling", ["+1234567890", "001 234 567 890", "+1 (234) 567-890"])
def test_it_erases_by_number_in_any_spelling(owner, customer, spelling):
    assert "1 of customers" in erase("--user", owner.user.email, "--phone", spelling, "--yes")
    assert owner.row_counts() == (0, 0, 0)


def test_it_erases_by_id_and_prints_json(owner, customer):
    printed = json.loads(erase("--user", owner.user.email.upper(), "--id", str(customer.pk), "--yes", "--json"))
    assert printed["removed"]["leads"] == 1
    assert printed["erasure_id"] == str(Erasure.objects.get().pk)


def test_without_yes_and_a_terminal_it_says_what_would_go_and_does_nothing(owner, customer):
    out = StringIO()
    with pytest.raises(CommandError, match="Add --yes"):
        call_command("erase_customer", "--user", owner.user.email, "--phone", "+1234567890", stdout=out)
    assert (
        "This would be removed of John Doe: 3 of audit, 1 of conversations, 1 of customers, 1 of leads"
        in out.getvalue()
    )
    assert owner.row_counts() == (1, 1, 1)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--phone", "+4915100000000"], "no customer with this phone number"),
        (["--phone", "12"], "international form"),
        (["--id", "01a20f00-5c1e-7d43-9a51-0c2f6f3b8f1e"], "no customer with this id"),
    ],
)
def test_who_is_not_there_is_an_error(owner, customer, arguments, error):
    with pytest.raises(CommandError, match=error):
        erase("--user", owner.user.email, *arguments, "--yes")


def test_a_customer_of_another_business_is_not_found(stranger, customer):
    with pytest.raises(CommandError, match="no customer"):
        erase("--user", stranger.user.email, "--id", str(customer.pk), "--yes")
    with pytest.raises(CommandError, match="no business with the login"):
        erase("--user", "nobody@nowhere.example", "--id", str(customer.pk), "--yes")


def test_a_row_of_an_old_file_is_a_new_act_of_the_business(owner, customer):
    erase("--user", owner.user.email, "--id", str(customer.pk), "--yes")
    assert owner.post_lead(ORDER).status_code == 201
    assert owner.row_counts() == (1, 1, 1)
