"""Users: businesses, and people who work for them."""

from leadsite.accounts.models import Membership, User
from leadsite.accounts.people.models import Role
from tests.staff import person_of


def test_businesses_and_people_are_different_lists(owner):
    """A business without a name is one too, as long as its login works for nobody else; who has left stays a person."""
    nameless = User.objects.create_user("api@form.example")
    person = person_of(owner, "agent")
    left = User.objects.create_user("left@bakery.example", name="Left")
    operator = User.objects.create_superuser("operator@leadsite.example")
    assert set(User.objects.businesses()) == {owner.user, nameless}
    assert set(User.objects.people()) == {person, left, operator}
    Membership.objects.create(person=owner.user, business=owner.user, role=Role.OWNER)
    assert owner.user in User.objects.people()
    assert owner.user in User.objects.businesses()


def test_colleagues_read_a_persons_name_and_not_that_of_the_business(owner):
    assert (str(owner.user), owner.user.person_name) == ("Bella's Bakery", "owner@bakery.example")
    owner.user.name = "Bella"
    assert owner.user.person_name == owner.user.get_full_name() == "Bella"
