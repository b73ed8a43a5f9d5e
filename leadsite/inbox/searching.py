"""The search of everything: customers by name and number in any spelling, leads and messages by their texts."""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import islice
from operator import and_
from typing import Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from conversations.kinds import shown_text_of_message
from conversations.models import Conversation, Customer, Message
from conversations.search.folding import fold
from conversations.search.pages import SEARCH_PLANS, FoundPages, search
from conversations.search.queries import read_term, texts_with
from leads.models import Lead
from leads.search import search_leads
from leadsite.adminkit.page import search_problem
from leadsite.adminkit.values import shorten
from leadsite.core.transactions import custom_plans
from leadsite.inbox.access import Viewer
from leadsite.inbox.chats import Row, read_rows

# How many are shown of each.
SHOWN: Final = 10
_AROUND: Final = 40
# How much of a text is looked at to mark what was found.
_READ: Final = 4000


# The id of a chat, the text that was found in it, and the message if it was one.
_Text = tuple[UUID, str, UUID | None]


class Hit(NamedTuple):
    """A chat that is found, with the text that was found in it, and the message if it was one."""

    row: Row
    text: SafeString
    message_id: UUID | None


class Group(NamedTuple):
    """What is found of one kind. `all_url`: the list of all of it, where there is more than is shown."""

    name: str
    hits: list[Hit]
    all_url: str


class Found(NamedTuple):
    """What is found. `problem`: why nothing was looked for."""

    groups: list[Group]
    problem: str = ""


def search_everything(viewer: Viewer, term: str) -> Found:
    """Look for a term in the rows of the business. Raises TooManyWords, django.db.Error."""
    if problem := search_problem(term):
        return Found([], problem)
    mine = {"user_id": viewer.business_id}
    with custom_plans(**SEARCH_PLANS):
        customers = search(Customer.objects.filter(**mine), term, customer="", exact=["whatsapp_user_id"]).order_by(
            "-pk"
        )
        # One more than is shown tells that there are more.
        named = list(customers[: SHOWN + 1])
        leads = search_leads(Lead.objects.filter(**mine), term).order_by("-created_at", "-pk")[: SHOWN + 1]
        messages = search_messages(viewer, term)[: SHOWN + 1]
        chats = Conversation.objects.newest_of([customer.pk for customer in named])
        wanted = [chats[one.pk][0] for one in named if one.pk in chats]
        ids = [*wanted, *(one.conversation_id for one in leads), *(one.conversation_id for one in messages)]
        rows = {row.id: row for row in read_rows(viewer, list(dict.fromkeys(ids)))}
    said: Sequence[_Text] = [
        (one.conversation_id, shown_text_of_message(one.kind, one.content, one.extras), one.pk) for one in messages
    ]
    asked: Sequence[_Text] = [(one.conversation_id, one.details, None) for one in leads]
    called, asked, said = _named_once(wanted, asked, said)
    groups = [
        Group(gettext("Customers"), _hits(rows, called, term), _all_of(named, Customer, term)),
        Group(gettext("Leads"), _hits(rows, asked, term), _all_of(leads, Lead, term)),
        Group(gettext("Messages"), _hits(rows, said, term), _all_of(messages, Message, term)),
    ]
    return Found([group for group in groups if group.hits or group.all_url])


def _all_of(found: Sequence[Model], model: type[Model], term: str) -> str:
    page = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    return f"{reverse(page)}?{urlencode({'q': term})}" if len(found) > SHOWN else ""


def search_messages(viewer: Viewer, term: str) -> FoundPages[Message]:
    """Return the messages with these words, the newest first. Raises TooManyWords."""
    rows = Message.objects.filter(user_id=viewer.business_id)
    parts = read_term(term)
    matching = rows.filter(reduce(and_, (texts_with(part, "content") for part in parts))) if parts else rows.none()
    return FoundPages(rows, matching, [matching]).order_by("-pk")


def _named_once(
    named: Sequence[UUID], asked: Sequence[_Text], said: Sequence[_Text]
) -> tuple[Sequence[_Text], Sequence[_Text], Sequence[_Text]]:
    """Return what is found, without the leads and messages of chats that are found by their names: these have the
    newest message that was found in them, otherwise the lead.
    """
    texts: dict[UUID, _Text] = {}
    for one in (*said, *asked):
        texts.setdefault(one[0], one)
    called = [texts.get(id_, (id_, "", None)) for id_ in named[:SHOWN]]
    asked, said = ([one for one in found if one[0] not in named[:SHOWN]] for found in (asked, said))
    return called, asked, said


def _hits(rows: dict[UUID, Row], found: Iterable[_Text], term: str) -> list[Hit]:
    hits = (Hit(rows[id_], marked(text, term), message) for id_, text, message in found if id_ in rows)
    return list(islice(hits, SHOWN))


def marked(text: str, term: str) -> SafeString:
    """Return the part of a text around what was found in it, with that marked."""
    line = " ".join(text[:_READ].split())
    pieces = [fold(character) for character in line]
    places = sorted(_places("".join(pieces), pieces, {word for part in read_term(term) for word in part.words}))
    if not places:
        return format_html("{}", shorten(line, 3 * _AROUND))
    begin = max(0, places[0][0] - _AROUND)
    marks, last = [], begin
    for at, length in places:
        if at < last:
            continue
        marks.append((line[last:at], line[at : at + length]))
        last = at + length
        if last - begin > 3 * _AROUND:
            break
    rest = line[last : last + 2 * _AROUND]
    joined = format_html_join("", "{}<mark>{}</mark>", marks)
    return format_html("{}{}{}{}", "…" if begin else "", joined, rest, "…" if len(line) > last + len(rest) else "")


def _places(folded: str, pieces: Sequence[str], words: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Where in the text the words begin, and how long they are there: folding removes characters, or doubles them."""
    origins = [number for number, piece in enumerate(pieces) for _ in piece]
    for word in words:
        at = folded.find(word)
        if at >= 0:
            yield origins[at], origins[at + len(word) - 1] + 1 - origins[at]
