"""All pages of all models open and escape customers' texts. tests/long has forged addresses and counts queries."""

import pytest
from django.contrib.auth.models import Group
from django.db.models import Model
from django.urls import reverse

from conversations.models import Conversation, Customer, Label, Message
from leads.models import BulkChange, DeletedLead, ImportRun, Lead
from leadsite.accounts.models import ApiKey, Invitation, LoginAttempt, Membership, Person, Session, User
from leadsite.inbox.models import QuickReply
from leadsite.monitoring.models import FailedTransaction
from leadsite.webhooks.models import WebhookEndpoint, WebhookEvent
from tests.cases import each_case
from tests.leadsite.full_business import with_rows
from tests.leadsite.pages import assert_protected
from tests.staff import ESCAPED, HOSTILE, Staff, address, operator, registered, staff_of
from whatsapp.models import AccountEvent, Channel, MessageTemplate, WebhookDelivery

MODELS = registered()


@pytest.fixture
def site_of_one(owner) -> Staff:
    """The operator of a site with one business."""
    with_rows(owner)
    return operator()


def test_every_model_has_pages():
    ours = {LoginAttempt, BulkChange, WebhookEndpoint, WebhookEvent, WebhookDelivery, MessageTemplate, AccountEvent}
    ours |= {Label, QuickReply, Session, FailedTransaction, Person, Membership, Invitation, DeletedLead}
    assert set(MODELS) == {User, Group, ApiKey, Customer, Conversation, Message, Lead, ImportRun, Channel} | ours


def shown_row(model: type[Model]) -> Model:
    """A row that its page shows, with the text; the newest customer has nothing but a deleted lead."""
    rows = model._default_manager.order_by("pk")
    if model is User:
        rows = rows.filter(business_name=HOSTILE)
    if model is Person:
        rows = rows.filter(name=HOSTILE, business_name="")
    row = rows.first() if model is Customer else rows.last()
    assert row is not None
    return row


@pytest.fixture
def staff(owner) -> Staff:
    """Before the rows, of which the newest are shown."""
    return staff_of(owner)


@each_case("model", MODELS)
@each_case("who", ["operator", "staff"])
def test_a_page_opens_and_escapes_texts(model, who, staff, site_of_one):
    person = site_of_one if who == "operator" else staff
    row = shown_row(model)
    paths = [address(page, model) for page in ("changelist", "add")]
    paths += [address(page, row) for page in ("change", "history", "delete")]

    for path in paths:
        response = person.get(path)
        page = response.content.decode()
        assert response.status_code in {200, 302, 403}, path
        assert_protected(response)
        assert "<script>alert" not in page
        if who == "operator" and path in ((paths[0],) if model is Invitation else (paths[0], paths[2])):
            assert ESCAPED in page, path


@pytest.mark.parametrize("model", [Lead, ApiKey, Channel, WebhookDelivery])
def test_an_action_on_a_forged_selection_is_no_server_error(model, site_of_one):
    for chosen in ("x", "\0", "99999999999999999999"):
        action = "replay" if model is WebhookDelivery else "delete_selected"
        form = {"action": action, "_selected_action": chosen}
        response = site_of_one.client.post(address("changelist", model), form)
        assert response.status_code in {200, 302}, chosen


def test_the_admin_opens_for_staff_without_any_permission(db):
    user = User.objects.create_user("new@bakery.example", is_staff=True)
    assert Staff(user).get(reverse("overview")).status_code == 200


def test_no_page_loads_anything_from_another_host(site_of_one):
    for path in (reverse("overview"), reverse("admin:login"), address("changelist", Lead), address("add", ApiKey)):
        page = site_of_one.get(path).content.decode()
        assert "https://" not in page
        assert 'src="//' not in page
