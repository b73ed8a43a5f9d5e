"""The page of the people of a business."""

import pytest

from leadsite.accounts.models import Membership, User
from tests.staff import address, member_of, messages_of, operator, person_of, staff_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", ["agent", "viewer"])
def test_only_owners_see_and_change_people(owner, role):
    people, row = member_of(owner, role), Membership.objects.get()
    for path in (address("changelist", Membership), address("change", row), address("delete", row)):
        assert people.get(path).status_code == 403
        assert people.client.post(path, {"role": "owner", "post": "yes"}).status_code == 403
    assert people.client.post("/admin/accounts/membership/rotation/", {"on": "yes"}).status_code == 403
    assert people.get("/admin/accounts/invitation/add/").status_code == 403


def test_the_setting_of_turns_is_switched_by_an_owner(owner):
    chief = staff_of(owner)
    for on, words in (("yes", "in turn"), ("no", "to nobody")):
        chief.client.post("/admin/accounts/membership/rotation/", {"on": on})
        assert words in messages_of(chief.get(address("changelist", Membership)))[0]
        assert hasattr(User.objects.get(pk=owner.id), "rotation") == (on == "yes")


def test_the_list_shows_the_people_of_the_business(owner, stranger):
    person_of(owner, "agent")
    person_of(stranger, "agent", "agent@florist.example")
    page = staff_of(owner).list(Membership)
    for shown in ("agent@bakery.example", "owner@bakery.example", "Agent", "Invite somebody"):
        assert shown in page
    assert "agent@florist.example" not in page
    everybody = operator().list(Membership)
    assert "agent@florist.example" in everybody
    assert "Flora" in everybody
