"""Every address, action, filter and search of the admin, with two businesses: neither sees or changes the other's rows,
and none of its people more of their own business than their permissions say.

The list comes from the admin itself: a new page or action is in the matrix by itself, and one that the matrix does not
know how to use fails with a sentence. The API's: tests/long/leadsite/test_urls_two_businesses.py.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import ForeignKey, Model
from django.test import RequestFactory

from conversations.models import Customer
from leads.models import Lead
from leadsite.accounts.models import User
from tests.cases import each_case
from tests.factories import Business
from tests.leadsite.admin_paths import Route, paths_on_site, routes
from tests.leadsite.two_businesses import OWN, SECRET, Digest, Rows, digest, owned, person, rows_of, text_of
from tests.staff import address, form_of, registered

MODELS = registered()
# Pages of Django's own, and what is sent to them.
PAGES: dict[str, list[dict[str, str]]] = {
    "history": [{}],
    "delete": [{"post": "yes"}],
    "change": [{"_save": "Save", "status": "converted", "name": "mine", "details": "mine", "notes": "mine"}],
    "": [{}],
}
# What is sent to the others.
FORMS: dict[str, list[dict[str, str]]] = {
    "accounts_user_second_factor": [{}],
    "accounts_membership_second_factor": [{}],
    "auth_user_password_change": [{"password1": "correct horse 9", "password2": "correct horse 9"}],
    "accounts_invitation_resend": [{}],
    "accounts_person_password": [{"password1": "correct horse 9", "password2": "correct horse 9"}],
    "accounts_person_second_factor": [{}],
    "conversations_customer_duplicates": [{}],
    "conversations_customer_merge": [{}],
    "conversations_customer_merge-with": [{}],
    "conversations_customer_not-apart": [{}],
    "conversations_customer_tell-apart": [{}],
    "conversations_customer_unmerge": [{}],
    "conversations_customer_erase": [{"confirmation": "erase"}],
    "conversations_customer_export": [{}],
    "conversations_conversation_reply": [{"text": "I am not from here"}],
    "conversations_message_decide": [{"decision": "arrived"}, {"decision": "again"}],
    "leads_bulkchange_decide": [{"do": "cancel"}, {"do": "undo"}, {"do": "continue"}],
    "leads_bulkchange_progress": [{}],
    "leads_deletedlead_restore": [{}],
    "leads_importrun_decide": [{"do": do} for do in ("read", "try", "import", "stop", "continue", "undo", "delete")],
    "leads_importrun_progress": [{}],
    "leads_importrun_refused": [{}],
    "webhooks_webhookevent_resend": [{}],
    "whatsapp_channel_resume": [{}],
    "whatsapp_channel_set_up": [{}],
    "whatsapp_channel_set_up_steps": [{}],
    "whatsapp_channel_set_up_test": [{"to": "+491511234567"}],
    "whatsapp_webhookdelivery_replay": [{}],
}

pytestmark = pytest.mark.django_db


# Of the one business: its own login with every permission there is, and with the usual group; people with the other
# roles; its login with few permissions, and without any.
WEAK = ("few permissions", "no permissions", "nobody")


@pytest.fixture(params=["all permissions", "staff", "agent", "viewer", *WEAK[1:]])
def who(request: pytest.FixtureRequest) -> str:
    """Those who may see nothing of another business."""
    return str(request.param)


@pytest.fixture
def mine(owner: Business) -> Rows:
    return rows_of(owner, OWN)


@pytest.fixture
def theirs(stranger: Business, mine: Rows) -> Rows:
    return rows_of(stranger, SECRET)


def page_of(route: Route) -> str:
    assert route.model is not None
    return route.name.removeprefix(route.model._meta.label_lower.replace(".", "_") + "_")


def bodies(route: Route) -> list[dict[str, str]]:
    """What somebody would send to change the row."""
    return PAGES[page_of(route)] if page_of(route) in PAGES else FORMS[route.name]


def foreign_keys(model: type[Model]) -> Iterator[ForeignKey[Any, Any]]:
    yield from (field for field in model._meta.concrete_fields if isinstance(field, ForeignKey))


def target(rows: Rows, related: Any) -> str:
    """The id of a row of this model, of that business."""
    if related is User:
        return str(rows.business.id)
    found = related._default_manager.filter(**({owned(related): rows.business.id} if owned(related) else {})).first()
    return str(found.pk) if found else "1"


def own_texts(path: str, key: str, business: Business) -> list[str]:
    """What the pages of a person may say without any permission: what was asked for, and their own name and e-mail."""
    return [path, key, business.user.email, f"<bdi>{OWN}</bdi>"]


def without_sessions(rows: Digest) -> Digest:
    """The login is a session itself, and a request says when it was last seen."""
    return {name: found for name, found in rows.items() if name != "accounts.Session"}


def test_the_matrix_knows_every_page():
    strange = {route.name for route in routes() if route.model and page_of(route) not in PAGES} - set(FORMS)
    assert not strange, f"Say in FORMS what a browser sends to {strange}, so that the matrix can try it."
    assert set(FORMS) <= {route.name for route in routes()}, "FORMS names pages that do not exist any more."


@each_case("model", MODELS)
def test_no_address_of_a_row_shows_or_changes_it(who, model, mine, theirs, owner, stranger):
    client, before = person(who, owner), digest(stranger)
    key = str(theirs.of[model].pk)
    leaks = []
    for route in routes():
        if route.model is not model:
            continue
        path = route.path(theirs.of)
        answers = [client.get(path), *(client.post(path, body) for body in bodies(route))]
        for answer in answers:
            assert answer.status_code < 500, path
            leaks += [(path, found) for found in theirs.shown_in(text_of(answer), asked=[path, key])]
    # The messages of the answers above.
    leaks += [("message", found) for found in theirs.shown_in(text_of(client.get("/admin/overview/")), asked=[key])]
    assert leaks == []
    assert digest(stranger) == before


def test_no_other_page_shows_rows_of_another_business(who, mine, theirs, owner):
    client = person(who, owner)
    paths = [route.path({}) for route in routes() if not route.model and route.name != "logout"]
    searches = [f"/admin/search/?s={SECRET}&extended=1", f"/admin/search/?s={SECRET}"]
    leaks = []
    for path in [*paths, *paths_on_site(theirs.of), *searches]:
        found = theirs.shown_in(text_of(client.get(path)), asked=[path, SECRET if path in searches else path])
        leaks += [(path, marker) for marker in found]
    assert leaks == []


@each_case("model", MODELS)
def test_no_filter_or_search_of_a_list_finds_them(who, model, mine, theirs, owner):
    client = person(who, owner)
    options = admin.site._registry[model]
    filters = [getattr(found, "parameter_name", None) for found in options.list_filter]
    queries = [("q", theirs.markers[0]), ("q", theirs.markers[-1]), ("id__exact", str(theirs.of[model].pk))]
    queries += [(f"{field.name}__id__exact", target(theirs, field.related_model)) for field in foreign_keys(model)]
    queries += [("user__email__startswith", "stranger"), ("user__id__exact", str(theirs.business.id))]
    queries += [(name, str(theirs.business.id)) for name in filters if name]
    leaks = []
    for name, value in queries:
        answer = client.get(address("changelist", model), {name: value})
        assert answer.status_code < 500, (name, value)
        leaks += [(name, found) for found in theirs.shown_in(text_of(answer), asked=[value])]
        listed = answer.context["cl"].result_list if answer.context and "cl" in answer.context else []
        leaks += [(name, row.pk) for row in listed if owned(model) and row.pk == theirs.of[model].pk]
    assert leaks == []


@each_case("model", MODELS)
def test_no_action_reaches_them(who, model, mine, theirs, owner, stranger, rf: RequestFactory):
    client, before = person(who, owner), digest(stranger)
    request = rf.get("/")
    request.user = User(is_superuser=True, is_staff=True)
    key = str(theirs.of[model].pk)
    leaks = []
    for action in admin.site._registry[model].get_actions(request):
        form = {"action": action, "_selected_action": key, "post": "yes", "confirmed": "1", "status": "lost"}
        form |= {"assigned_to": str(stranger.id), "lost_reason": "Too far"}
        for query, across in (("", "0"), (f"?user__id__exact={stranger.id}", "1"), ("?q=" + SECRET, "1")):
            answer = client.post(address("changelist", model) + query, form | {"select_across": across})
            assert answer.status_code < 500, action
            asked = [key, SECRET, str(stranger.id)] if query else [key]
            leaks += [(action + query, found) for found in theirs.shown_in(text_of(answer), asked=asked)]
    leaks += [("message", found) for found in theirs.shown_in(text_of(client.get("/admin/overview/")), asked=[key])]
    assert leaks == []
    assert digest(stranger) == before


@each_case("model", MODELS)
def test_no_form_takes_an_id_of_theirs(who, model, mine, theirs, owner, stranger):
    """The person's own pages, with the other business's rows wherever a row is named, in the form or not."""
    client, before = person(who, owner), digest(stranger)
    names = {field.name: target(theirs, field.related_model) for field in foreign_keys(model)}
    leaks = []
    for path in (address("add", model), address("change", mine.of[model])):
        page = text_of(client.get(path))
        leaks += [(path, found) for found in theirs.shown_in(page)]
        form = form_of(page) if f'id="{model._meta.model_name}_form"' in page else {}
        answer = client.post(path, form | names | {"_save": "Save"})
        assert answer.status_code < 500, path
        leaks += [(path, found) for found in theirs.shown_in(text_of(answer), asked=names.values())]
    assert leaks == []
    assert digest(stranger) == before


@each_case("model", MODELS)
def test_no_search_field_offers_them(who, model, mine, theirs, owner):
    client = person(who, owner)
    leaks = []
    for field in foreign_keys(model):
        names = {"app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": field.name}
        for term in ("", SECRET, "stranger"):
            answer = client.get("/admin/autocomplete/", names | {"term": term})
            leaks += [
                (field.name + term, found) for found in theirs.shown_in(text_of(answer), asked=[term] if term else [])
            ]
    assert leaks == []


@pytest.mark.parametrize("weak", WEAK)
def test_without_permission_nothing_is_shown_or_changed_of_ones_own_business(weak, mine, owner, rf: RequestFactory):
    client, allowed = person(weak, owner), {Lead, Customer} if weak == "few permissions" else set()
    before = without_sessions(digest(owner))
    request = rf.get("/")
    request.user = User(is_superuser=True, is_staff=True)
    leaks = []
    for route in routes():
        if route.model is None or route.name == "logout":
            continue
        path, key = route.path(mine.of), str(mine.of[route.model].pk)
        answers = [client.get(path), *(client.post(path, body) for body in bodies(route))]
        for answer in answers if route.model not in allowed else []:
            assert answer.status_code in (302, 403, 404, 405), path
            leaks += [(path, found) for found in mine.shown_in(text_of(answer), asked=own_texts(path, key, owner))]
    for model in MODELS:
        for action in admin.site._registry[model].get_actions(request):
            chosen = {"action": action, "_selected_action": str(mine.of[model].pk), "post": "yes", "confirmed": "1"}
            assert client.post(address("changelist", model), chosen).status_code in (200, 302, 403), (model, action)
    for model in set(MODELS) - allowed:
        for page in ("changelist", "add"):
            assert client.get(address(page, model)).status_code in (302, 403), (model, page)
    assert leaks == []
    assert without_sessions(digest(owner)) == before
