"""Owners change country and time zone of their business; forms and pages of its people follow them."""

import pytest

from conversations.models import Customer
from leads.models import Lead
from leadsite.accounts.models import User
from tests.cases import each_case
from tests.staff import Staff, address, errors_of, member_of, operator, staff_of

pytestmark = pytest.mark.django_db
PAGE = "/admin/settings/"
BAKERY = {"business_name": "Bakery", "country": "DE", "time_zone": "Asia/Tokyo"}


@pytest.fixture
def german(owner):
    User.objects.filter(pk=owner.id).update(country="DE", time_zone="Asia/Tokyo")
    return owner


def test_an_owner_names_country_and_time_zone(owner, stranger):
    staff = staff_of(owner)
    assert staff.fill(PAGE, **BAKERY).status_code == 302
    owner.user.refresh_from_db()
    assert (owner.user.country, owner.user.time_zone, owner.user.business_name) == ("DE", "Asia/Tokyo", "Bakery")
    stranger.user.refresh_from_db()
    assert stranger.user.country == ""
    assert f'href="{PAGE}"' in staff.get(PAGE).content.decode()


def test_a_form_that_was_opened_before_does_not_overwrite_what_a_colleague_has_saved_since(owner):
    staff, colleague = staff_of(owner), member_of(owner, "owner", "colleague@bakery.example")
    opened = staff.form(PAGE)
    assert colleague.fill(PAGE, business_name="Bella & Sons", country="DE").status_code == 302
    assert staff.send(PAGE, opened, time_zone="Asia/Tokyo").status_code == 302
    owner.user.refresh_from_db()
    assert (owner.user.business_name, owner.user.country, owner.user.time_zone) == ("Bella & Sons", "DE", "Asia/Tokyo")


@each_case("field, value", [("country", "XX"), ("country", "de"), ("time_zone", "Mars/Base"), ("business_name", " ")])
def test_what_is_no_place_is_refused(field, value, owner):
    response = staff_of(owner).fill(PAGE, **BAKERY | {field: value})
    assert field in response.context["form"].errors


@each_case("role", ["agent", "viewer"])
def test_others_may_not(role, owner):
    person = member_of(owner, role)
    assert person.get(PAGE).status_code == 403
    assert person.client.post(PAGE, BAKERY).status_code == 403
    assert person.get("/admin/overview/").content.decode().count(PAGE) == 0
    assert operator().get(PAGE).status_code == 403


def test_a_local_number_in_a_form_is_one_of_the_country(german):
    staff = staff_of(german)
    new = {"customer_phone": "0151 23440001", "customer_name": "Ada", "type": "order", "details": "", "status": "new"}
    assert staff.fill(address("add", Lead), **new).status_code == 302
    customer = Customer.objects.get()
    assert customer.phone == "+4915123440001"
    assert staff.fill(address("change", customer), phone="0151/23440002").status_code == 302
    customer.refresh_from_db()
    assert customer.phone == "+4915123440002"
    assert "phone" in errors_of(staff.fill(address("change", customer), phone="12"))


def test_without_a_country_and_in_the_api_it_is_refused(owner, german):
    assert german.post_lead(customer_phone="0151 23440001").status_code == 400
    User.objects.update(country="")
    new = {"customer_phone": "0151 23440001", "customer_name": "Ada", "type": "order", "details": "", "status": "new"}
    assert "customer_phone" in errors_of(staff_of(owner).fill(address("add", Lead), **new))


def test_an_operator_types_numbers_of_the_chosen_business(german):
    new = {"customer_phone": "0151 23440001", "customer_name": "Ada", "type": "order", "details": "", "status": "new"}
    assert operator().fill(address("add", Lead), user=str(german.id), **new).status_code == 302
    assert Customer.objects.get().phone == "+4915123440001"


def test_an_import_offers_the_country(german):
    assert staff_of(german).form("/admin/leads/importrun/add/")["region"] == "DE"


def test_pages_show_times_of_the_business_and_the_thread_forgets_them(german, stranger):
    german.has_lead(), stranger.has_lead()
    Lead.objects.update(created_at="2026-01-31T20:30:00Z")
    assert "05:30" in staff_of(german).list(Lead)
    assert "20:30" in staff_of(stranger).list(Lead)
    assert german.client.get("/api/leads").json()["results"][0]["created_at"].startswith("2026-01-31T20:30")


def test_an_agent_sees_the_times_too(german):
    german.has_lead()
    Lead.objects.update(created_at="2026-01-31T20:30:00Z")
    agent: Staff = member_of(german, "agent")
    assert "05:30" in agent.list(Lead)
