"""Every address of the admin, of each role: a viewer's forms are refused, an agent gets to nothing of the owners'.

The addresses come from the admin itself, so that a new page is among them by itself.
"""

from typing import Any

import pytest

from leadsite.accounts.models import ApiKey, Invitation, Membership
from leadsite.webhooks.models import WebhookEndpoint, WebhookEvent
from tests.cases import each_case
from tests.factories import Business
from tests.leadsite.admin_paths import all_paths, routes
from tests.leadsite.two_businesses import digest, rows_of
from tests.staff import Staff, address, member_of, registered
from whatsapp.models import Channel

pytestmark = pytest.mark.django_db

# What a person may send as a viewer: it is about the login.
OWN = (
    "/admin/login/",
    "/admin/logout/",
    "/admin/password",
    "/admin/account/",
    "/admin/invitation/",
    "/admin/business/",
    "/admin/inbox/preferences/",
    "/admin/inbox/views/",
)
OWNERS_ONLY = (ApiKey, Membership, Invitation, WebhookEndpoint, WebhookEvent)


@pytest.fixture
def filled(owner: Business) -> Any:
    return rows_of(owner, "the bakery's")


def paths(rows: Any) -> list[str]:
    return [path for path in all_paths(rows.of) if not path.startswith(OWN) and not path.endswith("/presence/")]


def test_nothing_that_a_viewer_sends_is_accepted(owner, filled):
    people = member_of(owner, "viewer", "reads@bakery.example")
    before = digest(owner)
    answers = {path: people.client.post(path, {"post": "yes", "_save": "Save"}).status_code for path in paths(filled)}
    assert {path: status for path, status in answers.items() if status != 403} == {}
    assert len(answers) > 60
    assert digest(owner) == before


@each_case("model", registered())
def test_a_viewer_sees_no_button_that_changes(model, owner, filled):
    people = member_of(owner, "viewer", "reads@bakery.example")
    for path in (address("changelist", model), address("change", filled.of[model])):
        page = people.get(path)
        assert page.status_code in (200, 302, 403)
        if page.status_code == 200:
            text = page.content.decode()
            for button in ('name="_save"', 'name="action"', "deletelink", "/add/", 'name="text"', 'name="do"'):
                assert button not in text, (path, button)
    for page in ("add", "delete"):
        path = address(page, model if page == "add" else filled.of[model])
        assert people.get(path).status_code in (302, 403)


@each_case("role", ["agent", "viewer"])
def test_what_is_the_owners_is_closed_to_others(role, owner, filled):
    people: Staff = member_of(owner, role, "works@bakery.example")
    before = digest(owner)
    for model in OWNERS_ONLY:
        for route in routes():
            if route.pattern.startswith(f"{model._meta.app_label}/{model._meta.model_name}/"):
                path = route.path(filled.of)
                answer = people.get(path)
                # Django leads from the address of a row to its page, whatever somebody may do.
                assert answer.status_code in (403, 405) or answer.url == f"{path}change/", path
                assert role == "agent" or people.client.post(path, {"post": "yes"}).status_code == 403, path
                people.client.post(path, {"post": "yes", "role": "owner", "_save": "Save"})
    for path in (address("change", filled.of[Channel]), address("add", Channel), address("delete", filled.of[Channel])):
        assert people.client.post(path, {"phone_number_id": "2", "post": "yes"}).status_code == 403
    assert digest(owner) == before
