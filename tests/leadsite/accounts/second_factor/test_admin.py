"""The button on a person's page that turns off a lost second factor."""

import pytest
from structlog.testing import capture_logs

from leadsite.accounts.models import Membership, Person, Session, User
from tests.factories import Business
from tests.leadsite.accounts.second_factor.phone import Phone, is_logged_in, stop_clock
from tests.leadsite.two_businesses import person
from tests.staff import Staff, address, member_of, operator, person_of, staff_of

BUTTON = "Turn off the second factor"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)


def button_of(user: User) -> str:
    return f"/admin/accounts/{user._meta.model_name}/{user.pk}/second-factor/"


def test_an_operator_turns_it_off(owner: Business) -> None:
    phone, operators = Phone(owner.user), operator()
    browser, page = phone.logged_in(), address("change", owner.user)
    assert BUTTON in operators.get(page).content.decode()
    with capture_logs() as logs:
        answer = operators.client.post(button_of(owner.user), follow=True, REMOTE_ADDR="192.0.2.7")
    text = answer.content.decode()
    assert "The second factor of owner@bakery.example is off" in text
    assert BUTTON not in text
    (line,) = [line for line in logs if line["event"] == "second_factor_disabled"]
    assert (line["security"], line["client"], line["subject"]) == (True, "192.0.2.7", "o…@bakery.example")
    assert line["reason"] == "reset in the admin by o…@leadsite.example"
    assert "Turned off the second factor." in operators.get(address("history", owner.user)).content.decode()
    assert User.objects.get(pk=owner.id).second_factor_at is None
    assert not is_logged_in(browser)
    assert not Session.objects.filter(user=owner.id).exists()


def test_without_one_nothing_changes(owner: Business) -> None:
    operators = operator()
    assert BUTTON not in operators.get(address("change", owner.user)).content.decode()
    text = operators.client.post(button_of(owner.user), follow=True).content.decode()
    assert "owner@bakery.example had no second factor. Nothing was changed." in text


def test_ones_own_takes_the_password_or_a_code() -> None:
    """Otherwise a stolen session would be enough."""
    operator()
    phone = Phone(User.objects.get(email="operator@leadsite.example"))
    browser = phone.logged_in()
    own = Person.objects.get(pk=phone.user.pk)
    assert BUTTON not in browser.get(address("change", own)).content.decode()
    answer = browser.post(button_of(own), follow=True)
    assert answer.redirect_chain == [("/admin/account/", 302)]
    assert "under “Your account”" in answer.content.decode()
    assert User.objects.get(pk=phone.user.pk).second_factor_at is not None


@pytest.mark.parametrize("kind", ["staff", "all permissions", "nobody"])
def test_nobody_else_turns_it_off(owner: Business, stranger: Business, kind: str) -> None:
    phone = Phone(owner.user)
    answer = person(kind, stranger).post(button_of(owner.user))
    assert answer.status_code in (302, 403, 404)
    assert User.objects.get(pk=phone.user.pk).second_factor_at is not None


def test_a_link_turns_nothing_off(owner: Business) -> None:
    phone = Phone(owner.user)
    staff: Staff = operator()
    assert staff.get(button_of(owner.user)).status_code == 405
    assert User.objects.get(pk=phone.user.pk).second_factor_at is not None


def of_business(user: User, business: Business) -> Membership:
    return Membership.objects.get(person=user, business=business.user)


def button_of_member(row: Membership) -> str:
    return f"/admin/accounts/membership/{row.pk}/second-factor/"


def test_an_owner_turns_off_that_of_the_people_of_the_business(owner: Business, stranger: Business) -> None:
    agent = person_of(owner, "agent")
    Phone(agent)
    row, chief = of_business(agent, owner), staff_of(owner)
    assert BUTTON in chief.get(address("change", row)).content.decode()
    for nobody in (staff_of(stranger), member_of(owner, "viewer")):
        assert nobody.client.post(button_of_member(row)).status_code in (302, 403, 404)
        assert User.objects.get(pk=agent.pk).second_factor_at is not None
    with capture_logs() as logs:
        answer = chief.client.post(button_of_member(row), follow=True)
    assert "The second factor of agent@bakery.example is off" in answer.content.decode()
    (line,) = [line for line in logs if line["event"] == "second_factor_disabled"]
    assert line["reason"] == "reset in the admin by o…@bakery.example"
    assert User.objects.get(pk=agent.pk).second_factor_at is None


def test_an_owner_does_not_for_people_of_other_businesses(owner: Business, stranger: Business) -> None:
    """It is their login to the other business, too."""
    agent = person_of(owner, "agent")
    person_of(stranger, "viewer", agent.email)
    Phone(agent)
    row, chief = of_business(agent, owner), staff_of(owner)
    assert BUTTON not in chief.get(address("change", row)).content.decode()
    answer = chief.client.post(button_of_member(row), follow=True)
    assert "ask the operator of this site" in answer.content.decode()
    assert User.objects.get(pk=agent.pk).second_factor_at is not None
    assert BUTTON in operator().get(address("change", row)).content.decode()
