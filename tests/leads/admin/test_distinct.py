"""The pages on which two customers are told apart, and put together again."""

import pytest

from conversations.models import Customer
from leads.models import DistinctPair
from tests.cases import each_case
from tests.staff import HOSTILE, address, member_of, messages_of, staff_of

pytestmark = pytest.mark.django_db
BUTTON = "Not the same person</button>"


@pytest.fixture
def pair(owner):
    owner.has_lead(customer_name="Ana", customer_phone="+4915123440001")
    return Customer.objects.get(), Customer.objects.create(user=owner.user, name="Ana", whatsapp_user_id="DE.1")


def apart(people, one, other, **form):
    return people.client.post(address("tell-apart", one), {"with": str(other.pk), **form}, follow=True)


def test_a_pair_of_the_list_is_told_apart_and_the_list_goes_on_at_its_place(owner, pair):
    staff, here = staff_of(owner), address("duplicates", Customer)
    place = f"{here}?before=ffffffff-0000-0000-0000-000000000000"
    page = staff.get(place).content.decode()
    assert BUTTON in page
    assert 'name="list" value="ffffffff-0000-0000-0000-000000000000"' in page
    response = apart(staff, *pair, list="ffffffff-0000-0000-0000-000000000000")
    assert response.redirect_chain[-1][0] == place
    assert messages_of(response)[0].startswith("Ana and Ana are two people")
    assert BUTTON not in response.content.decode()
    assert DistinctPair.objects.get().person_id == owner.id
    assert apart(staff, *pair, list="x").redirect_chain[-1][0] == here


def test_the_page_of_each_says_so_and_takes_it_back(owner, pair):
    staff = staff_of(owner)
    assert BUTTON in staff.get(address("change", pair[0])).content.decode()
    response = apart(staff, *pair)
    assert response.redirect_chain[-1][0] == address("change", pair[0])
    for one, other in (pair, reversed(pair)):
        page = staff.get(address("change", one)).content.decode()
        assert address("change", other) in page
        assert "is not the same person, says" in page
        assert BUTTON not in page
    DistinctPair.objects.update(person=None)
    assert "as somebody has said" in staff.get(address("change", pair[1])).content.decode()
    path, form = address("not-apart", pair[1]), {"with": str(pair[0].pk)}
    response = staff.client.post(path, form, follow=True)
    assert messages_of(response) == ["Ana and Ana may be the same person again."]
    assert BUTTON in response.content.decode()
    assert "already" in messages_of(staff.client.post(path, form, follow=True))[0]


def test_the_comparison_offers_it_and_says_if_it_was_said(owner, pair):
    staff = staff_of(owner)
    path, other = address("merge", pair[0]), {"with": str(pair[1].pk)}
    assert f'formaction="{address("tell-apart", pair[0])}"' in staff.get(path, **other).content.decode()
    apart(staff, *pair)
    page = staff.get(path, **other).content.decode()
    assert "Somebody has said that these two are not the same person." in page
    assert BUTTON not in page


@each_case("role, status", [("agent", 302), ("viewer", 403)])
def test_agents_tell_apart_and_viewers_do_not(role, status, owner, pair):
    person = member_of(owner, role)
    first, form = pair[0], {"with": str(pair[1].pk)}
    assert person.client.post(address("tell-apart", first), form).status_code == status
    assert DistinctPair.objects.count() == (0 if status == 403 else 1)
    page = person.get(address("change", first)).content.decode()
    assert ("Take back" in page) == (role == "agent")
    apart(staff_of(owner), *pair)
    assert "is not the same person, says" in person.get(address("change", first)).content.decode()
    assert person.client.post(address("not-apart", first), form).status_code == status
    assert DistinctPair.objects.count() == (1 if status == 403 else 0)


def test_no_get_changes_anything(owner, pair):
    staff = staff_of(owner)
    assert staff.get(address("tell-apart", pair[0]), **{"with": str(pair[1].pk)}).status_code == 405
    assert not DistinctPair.objects.exists()
    apart(staff, *pair)
    assert staff.get(address("not-apart", pair[0]), **{"with": str(pair[1].pk)}).status_code == 405
    assert DistinctPair.objects.exists()


def test_another_business_changes_nothing(owner, stranger, pair):
    stranger.has_lead()
    theirs = Customer.objects.get(user=stranger.user)
    apart(staff_of(owner), *pair)
    other = staff_of(stranger)
    for name in ("tell-apart", "not-apart"):
        for one, with_ in ((pair[0], pair[1]), (theirs, pair[0]), (pair[0], theirs)):
            other.client.post(address(name, one), {"with": str(with_.pk)})
    assert DistinctPair.objects.get().user_id == owner.id


@each_case("other", ["", "x", "00000000-0000-0000-0000-000000000000", "self"])
def test_no_other_customer_is_a_sentence(other, owner, pair):
    given = str(pair[0].pk) if other == "self" else other
    response = staff_of(owner).client.post(address("tell-apart", pair[0]), {"with": given}, follow=True)
    assert messages_of(response) == ["Choose two customers."]


def test_hostile_names_are_escaped(owner, pair):
    Customer.objects.update(name=HOSTILE)
    response = apart(staff_of(owner), *pair)
    assert "<script>alert" not in response.content.decode()
