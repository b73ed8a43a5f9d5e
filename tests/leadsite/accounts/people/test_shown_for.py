"""Two windows of a person who works for two businesses: what was opened for one is never written into the other."""

from typing import Any

import pytest
from django.test import Client

from conversations.models import Label
from leads.models import ImportRun, Lead
from leadsite.accounts.models import ApiKey, Invitation, Membership, User
from leadsite.inbox.models import QuickReply
from leadsite.webhooks.models import WebhookEndpoint
from tests.cases import each_case
from tests.staff import Staff, address, form_of, operator, person_of, staff_of
from whatsapp.models import Channel

pytestmark = pytest.mark.django_db
SETTINGS = "/admin/settings/"
NEW_CHAT = "/admin/inbox/new/"
PASSWORD = "correct horse battery"


@pytest.fixture
def both(owner, stranger) -> Staff:
    """An owner of two businesses, at work for the first."""
    person = person_of(owner, "owner", "nia@bakery.example")
    Membership.objects.create(person=person, business=stranger.user, role="owner")
    return Staff(person)


def switch(people: Staff, business: Any) -> Any:
    """As in a second window."""
    return people.client.post("/admin/business/", {"business": str(business.id)})


def test_a_form_that_was_opened_for_another_business_changes_nothing(both, owner, stranger):
    form = both.form(SETTINGS)
    switch(both, stranger)
    answer = both.send(SETTINGS, form, business_name="Bella & Sons")
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "You work for Flora now." in page
    assert "data-keep-typed" in page  # what was typed is put back: leadsite/static/leadsite/typed.js
    assert set(User.objects.businesses().values_list("business_name", flat=True)) == {"Bella's Bakery", "Flora"}
    switch(both, owner)
    assert both.send(SETTINGS, form, business_name="Bella & Sons").status_code == 302
    assert User.objects.get(pk=owner.id).business_name == "Bella & Sons"


@each_case("model", [ApiKey, Channel, ImportRun, Invitation, Label, Lead, QuickReply, WebhookEndpoint])
def test_a_new_row_is_not_added_to_another_business(model, both, stranger):
    form, before = both.form(address("add", model)), model.objects.count()
    switch(both, stranger)
    assert both.send(address("add", model), form).status_code == 409
    assert model.objects.count() == before


def test_a_new_chat_is_not_begun_with_a_number_of_another_business(both, owner, stranger):
    by_script = {"X-Inbox": "1"}
    page = both.client.get(NEW_CHAT, headers=by_script).content.decode()
    assert f'name="shown_for" value="{owner.id}"' in page
    switch(both, stranger)
    typed = {"shown_for": str(owner.id), "to": "+4915123440001", "send": "1"}
    answer = both.client.post(NEW_CHAT, typed, headers=by_script)
    assert answer.status_code == 409


def test_a_form_of_a_business_that_the_person_has_left_is_not_taken_for_the_next_one(both, owner, stranger):
    form = both.form(SETTINGS)
    Membership.objects.filter(business=owner.user, person__email="nia@bakery.example").delete()
    assert both.send(SETTINGS, form, business_name="Bella & Sons").status_code == 409


def test_the_other_window_can_switch_and_log_out(both, stranger):
    menu = both.get(SETTINGS).content.decode()
    form = both.form(SETTINGS)
    switch(both, stranger)
    assert "shown_for" in menu
    again = both.client.post("/admin/business/", {"shown_for": form["shown_for"], "business": str(stranger.id)})
    assert again.url == "/admin/"
    assert both.client.post("/admin/logout/", {"shown_for": form["shown_for"]}).status_code == 200


def test_a_form_of_before_is_not_taken_for_the_business_that_the_person_has_just_joined(owner, stranger):
    staff = staff_of(owner)
    form = staff.form(SETTINGS)
    Membership.objects.create(person=owner.user, business=stranger.user, role="owner")
    switch(staff, stranger)
    assert staff.send(SETTINGS, form, business_name="Bella & Sons").status_code == 409


def test_a_session_that_has_ended_leads_to_the_login(both):
    form = both.form(SETTINGS)
    del both.client.cookies["sessionid"]
    assert both.send(SETTINGS, form).url == f"/admin/login/?next={SETTINGS}"


def test_who_works_for_no_business_is_told_so(owner):
    staff = staff_of(owner)
    form = staff.form(SETTINGS)
    Membership.objects.all().delete()
    assert staff.send(SETTINGS, form).status_code == 403
    assert operator().get("/admin/overview/").status_code == 200


def test_the_business_stays_chosen_over_a_login_that_has_expired(both, stranger):
    """What was being typed for it would be put back into the form of the other one."""
    person = User.objects.get(email="nia@bakery.example")
    person.set_password(PASSWORD)
    person.save()
    browser = both.client
    log_in = {"username": person.email, "password": PASSWORD, "next": SETTINGS}
    browser.post("/admin/login/", log_in)
    switch(both, stranger)
    del browser.cookies["sessionid"]
    assert browser.post("/admin/login/", log_in).url == SETTINGS
    assert both.form(SETTINGS)["business_name"] == "Flora"
    Membership.objects.filter(business=stranger.user, person=person).delete()
    assert both.form(SETTINGS)["business_name"] == "Bella's Bakery"


def test_the_choice_is_that_of_the_person_who_made_it(both, owner, stranger):
    other = person_of(owner, "owner", "zoe@bakery.example")
    Membership.objects.create(person=other, business=stranger.user, role="owner")
    other.set_password(PASSWORD)
    other.save()
    switch(both, stranger)
    browser = Client()
    browser.cookies["workplace"] = both.client.cookies["workplace"].value
    browser.post("/admin/login/", {"username": other.email, "password": PASSWORD})
    assert form_of(browser.get(SETTINGS).content.decode())["business_name"] == "Bella's Bakery"


def test_what_was_typed_is_put_back_in_the_same_business_only(both, owner, stranger):
    """The script reads who, and for which business, from the fragment of its address."""
    who = User.objects.get(email="nia@bakery.example").pk
    assert f"#{who}.{owner.id}" in both.get(SETTINGS).content.decode()
    switch(both, stranger)
    assert f"#{who}.{stranger.id}" in both.get(SETTINGS).content.decode()


@each_case("part", ["list/", "live/", "board/column/?status=new", "board/columns/"])
def test_a_part_of_another_business_is_not_read_into_a_page(part, both, owner, stranger):
    """The script asks for it with the business of its page; what is asked for without one is a page of its own."""
    shown_for = {"X-Shown-For": str(owner.id)}
    assert both.client.get(f"/admin/inbox/{part}", headers=shown_for).status_code == 200
    switch(both, stranger)
    answer = both.client.get(f"/admin/inbox/{part}", headers=shown_for)
    assert answer.status_code == 409
    assert "You work for Flora now." in answer.content.decode()
    assert both.client.get(f"/admin/inbox/{part}").status_code == 200
