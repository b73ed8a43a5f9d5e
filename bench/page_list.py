"""The pages of the staff of a business: every list with its filters, search and sorts, every page of a row, the inbox.

In a process with Django. The choices of filters and the columns come from the lists themselves.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from itertools import product
from typing import Any, Final, NamedTuple
from urllib.parse import quote_plus, urlencode

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.test import Client

from bench.page_routes import Route, measured_routes
from conversations.models import Conversation, Label
from leads.models import Lead
from leadsite.accounts.models import Membership, User
from leadsite.exports.models import Export
from leadsite.exports.rows import LISTS
from leadsite.inbox.chats import Cursor
from leadsite.inbox.models import SavedView
from leadsite.inbox.work.tabs import TABS

# Of so many of its newest rows a list gives some, whose pages are opened: they lie in different places of the disk.
NEWEST: Final = 50_000
EXAMPLES: Final = 30
MOST_CHOICES: Final = 8
NAMES: Final = ("Jonas", "Maria Cake", "Amina Cake 800")
PHONES: Final = (f"+4915{7919 * 800:09}", f"{7919 * 2400:09}"[-6:])
TEXTS: Final = ("lemon", "vegan urgent", "ginger", "marzipan")
INBOX: Final = "/admin/inbox/"
# Nobody may add or delete rows of some models: these have no such page.
_NOT_EVERYWHERE: Final = ("add/", "<path:object_id>/delete/")
# What an address needs, by the key of its route; {other} is another row of the model.
_QUERIES: Final = {
    "<path:object_id>/merge/": "?with={other}",
    "search": "?s=lead",
    "inbox-board-column": "?status=new",
}


class Page(NamedTuple):
    """`who` opens it. `paths`: one after the other, each of another row."""

    name: str
    who: str
    paths: list[str]
    method: str = "GET"


class Listed(NamedTuple):
    """The list of a model, as the first of the people sees it who may."""

    who: str
    path: str
    rows: ChangeList

    def row_keys(self) -> list[str]:
        newest = list(self.rows.root_queryset.order_by("-pk").values_list("pk", flat=True)[:NEWEST])
        return [quote(str(key)) for key in newest[:: max(1, len(newest) // EXAMPLES)]][:EXAMPLES]


def pages_of(business: User, people: Mapping[str, Client]) -> Iterator[Page]:
    """`people`: browsers by the names of those who have logged in, the owner of the business first."""
    lists = {model: read_list(model, people) for model in admin.site._registry}
    for route in measured_routes():
        if route.key == "list" and route.model:
            yield from pages_of_list(lists[route.model])
        elif page := page_of_route(route, business, lists, people):
            yield page
    owner = next(iter(people))
    for name, paths in inbox_paths(business, people[owner]):
        yield Page(f"inbox: {name}", owner, paths, "POST" if name == "presence" else "GET")


def read_list(model: type[Model], people: Mapping[str, Client]) -> Listed:
    path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    for who, browser in people.items():
        answer: Any = browser.get(path)
        if answer.status_code == HTTPStatus.OK:
            return Listed(who, path, answer.context_data["cl"])
    raise LookupError(f"Nobody may see {path}.")


def pages_of_list(listed: Listed) -> Iterator[Page]:
    who, path, rows = listed
    name = path.removeprefix("/admin/").rstrip("/")
    yield Page(name, who, [path])
    if rows.multi_page:
        yield Page(f"{name}: page 2", who, [f"{path}?p=2"])
    if rows.search_fields or rows.model_admin.search_help_text:
        words = (*NAMES, *PHONES, *TEXTS)
        yield Page(f"{name}: search", who, [f"{path}?q={quote_plus(word)}" for word in words])
    for spec in rows.filter_specs:
        choices = [one for one in spec.choices(rows) if not one["selected"]]
        for choice in choices[:MOST_CHOICES]:
            yield Page(f"{name}: {spec.title} = {choice['display']}", who, [f"{path}{choice['query_string']}"])
    for number, column in enumerate(rows.list_display):
        if rows.get_ordering_field(column):
            yield Page(f"{name}: sorted by {column}", who, [f"{path}?o={number}", f"{path}?o=-{number}"])


def page_of_route(
    route: Route, business: User, lists: Mapping[type[Model], Listed], people: Mapping[str, Client]
) -> Page | None:
    """None where there is no row, or where nobody may do that. Raises LookupError for an address that is no page."""
    keys, listed = keys_of_route(route, business, lists), lists.get(route.model) if route.model else None
    if not keys:
        return None
    who = listed.who if listed else next(iter(people))
    query = _QUERIES.get(route.key, "")
    others = [next(iter(one.values()), "") for one in keys]
    paths = [route.path(one) + query.format(other=others[n - 1]) for n, one in enumerate(keys)]
    statuses = {}
    for person in dict.fromkeys((who, *people)):
        statuses[person] = people[person].get(paths[0]).status_code
        if statuses[person] == HTTPStatus.OK:
            return Page(route.pattern.removeprefix("admin/").replace("<path:object_id>", "…"), person, paths)
    if route.key in _NOT_EVERYWHERE and set(statuses.values()) == {HTTPStatus.FORBIDDEN}:
        return None
    raise LookupError(f"{paths[0]} answers {statuses}: if it is no page, name it in NOT_MEASURED.")


def keys_of_route(route: Route, business: User, lists: Mapping[type[Model], Listed]) -> list[dict[str, str]]:
    """Values of the variables of an address, for each of its paths."""
    names = route.variables
    if not names:
        return [{}]
    if route.model:
        return [{names[0]: key} for key in lists[route.model].row_keys()]
    if names == ["app_label"]:
        seen = {model._meta.app_label for model, listed in lists.items() if listed.who == lists[Conversation].who}
        return [{"app_label": label} for label in sorted(seen)]
    if names == ["kind"]:
        return [{"kind": kind} for kind in LISTS]
    if names == ["export_id"]:
        exports = Export.objects.filter(user=business).order_by("-pk").values_list("pk", flat=True)
        return [{"export_id": str(key)} for key in exports[:EXAMPLES]]
    return [{"conversation_id": key} for key in lists[Conversation].row_keys()]


def inbox_paths(business: User, owner: Client) -> Iterator[tuple[str, list[str]]]:
    """Each tab, each filter of two tabs, the search, and what an open page asks."""
    for tab in TABS:
        yield f"tab {tab}", [f"{INBOX}?tab={tab}"]
    for tab, (name, value) in product(("waiting", "all"), filters_of(business)):
        yield f"{tab}, {name}", [f"{INBOX}?tab={tab}&{urlencode(value)}"]
    for kind, words in (("name", NAMES), ("phone", PHONES), ("text", TEXTS)):
        for word in words:
            yield f"search by {kind}, {word}", [f"{INBOX}?q={quote_plus(word)}"]
    answer: Any = owner.get(f"{INBOX}list/?tab=all")
    yield "next chats", [f"{INBOX}list/?tab=all&after={answer.context_data['next']}"]
    chats = Conversation.objects.filter(user=business, last_message_at__isnull=False).order_by("-pk")[:NEWEST]
    chosen = [*chats[:: max(1, min(NEWEST, len(chats)) // EXAMPLES)]][:EXAMPLES]
    asked = f"{INBOX}live/?business={business.pk}"
    yield "live", [f"{asked}&tab=waiting&rows=50&chat={chat.pk}" for chat in chosen]
    for name, value in filters_of(business):
        yield f"live, {name}", [f"{asked}&tab=all&{urlencode(value)}"]
    yield "live, board", [f"{asked}&board=1"]
    yield "presence", [f"{INBOX}{chat.pk}/presence/" for chat in chosen]
    places = [(chat.pk, Cursor(chat.last_message_at, chat.pk)) for chat in chosen if chat.last_message_at]
    yield "older messages", [f"{INBOX}{chat}/older/?before={place}" for chat, place in places]
    for status in Lead.Status.values:
        yield f"board column, {status}", [f"{INBOX}board/column/?status={status}"]


def filters_of(business: User) -> Iterator[tuple[str, Mapping[str, str]]]:
    label = Label.objects.filter(user=business).earliest("pk")
    person = Membership.objects.filter(business=business, role="agent").earliest("pk").person_id
    yield "a label", {"label": str(label.pk)}
    for name, assignee in (("me", "me"), ("nobody", "nobody"), ("a person", str(person))):
        yield f"assigned to {name}", {"assignee": assignee}
    yield from ((f"type {value}", {"type": value}) for value in Lead.Type.values)
    yield from ((f"status {value}", {"status": value}) for value in Lead.Status.values)
    yield "a saved view", SavedView.objects.filter(user=business).earliest("pk").filters
