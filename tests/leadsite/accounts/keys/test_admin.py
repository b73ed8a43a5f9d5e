"""API keys in the admin."""

import re

import pytest
from django.test import Client

from leadsite.accounts.models import ApiKey
from tests.staff import Staff, address, errors_of, operator, staff_of


def answers_to(key: str) -> int:
    return Client().get("/api/leads", headers={"authorization": f"Bearer {key}"}).status_code


def add_key(person: Staff, **typed: str) -> str:
    """Add a key and return it from the next page."""
    response = person.fill(address("add", ApiKey), **typed)
    assert response.status_code == 302
    (key,) = re.findall(r">(ls_\w{60,})<", person.get(response.url).content.decode())
    return str(key)


def test_a_new_key_is_shown_once_and_works_until_it_is_deleted(owner):
    person = operator()
    assert list(errors_of(person.fill(address("add", ApiKey)))) == ["user"]

    key = add_key(person, user=str(owner.id), name="shop form")

    stored = ApiKey.objects.get(name="shop form")
    assert answers_to(key) == 200
    for path in (address("changelist", ApiKey), address("change", stored), address("history", stored)):
        assert key not in person.get(path).content.decode()
    person.send(address("delete", stored), {}, post="yes")
    assert answers_to(key) == 401


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_key_expires_in_a_year_that_every_page_can_show(owner, day):
    person = staff_of(owner)
    refused = person.fill(address("add", ApiKey), name="shop", expiry_0=day, expiry_1="23:00:00")
    assert list(errors_of(refused)) == ["expiry"]
    assert person.get(address("changelist", ApiKey)).status_code == 200


def test_changing_a_key_keeps_its_secret(owner):
    person = operator()
    key = add_key(person, user=str(owner.id), name="shop")
    stored = ApiKey.objects.get(name="shop")

    person.fill(address("change", stored), name="till", expiry_0="2020-01-01", expiry_1="00:00:00")
    assert answers_to(key) == 401
    person.fill(address("change", stored), expiry_0="", expiry_1="")

    assert answers_to(key) == 200
    assert ApiKey.objects.get(digest=stored.digest).name == "till"


def test_owners_see_add_and_delete_their_own_keys_only(owner, stranger):
    people = staff_of(owner)
    theirs = ApiKey.objects.filter(user=stranger.user).get()
    own = ApiKey.objects.filter(user=owner.user)

    assert people.found(ApiKey) == set(own.values_list("pk", flat=True))
    assert answers_to(add_key(people, name="Form")) == 200
    assert not theirs.user.auth_token_set.filter(name="Form").exists()
    for page in ("change", "delete", "history"):
        assert people.get(address(page, theirs)).status_code == 302
        assert people.send(address(page, theirs), {}, post="yes").status_code in {302, 403}
    people.client.post(
        address("changelist", ApiKey),
        {"action": "delete_selected", "post": "yes", "_selected_action": [theirs.pk, own[0].pk]},
    )
    assert answers_to(stranger.api_key) == 200
    assert own.count() == 2


def test_owners_add_keys_of_their_own_business_only(owner, stranger):
    people = staff_of(owner)
    assert "user" not in people.form(address("add", ApiKey))

    add_key(people, name="mine", user=str(stranger.id))

    assert ApiKey.objects.get(name="mine").user == owner.user
