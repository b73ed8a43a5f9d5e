"""The search of everything: customers by name and number in any spelling, leads and messages by their texts."""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import and_
from typing import Final, NamedTuple
from uuid import UUID

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


class Hit(NamedTuple):
    """A chat that is found, with the text that was found in it, and the message if it was one."""

    row: Row
    text: SafeString
    message_id: UUID | None


class Found(NamedTuple):
    """What is found, by heading. `problem`: why nothing was looked for."""

    groups: list[tuple[str, list[Hit]]]
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
        named = list(customers[:SHOWN])
        leads = search_leads(Lead.objects.filter(**mine), term).order_by("-created_at", "-pk")[:SHOWN]
        messages = search_messages(viewer, term)[:SHOWN]
        chats = Conversation.objects.newest_of([customer.pk for customer in named])
        wanted = [chats[one.pk][0] for one in named if one.pk in chats]
        ids = [*wanted, *(one.conversation_id for one in leads), *(one.conversation_id for one in messages)]
        rows = {row.id: row for row in read_rows(viewer, list(dict.fromkeys(ids)))}
    said = [(one.conversation_id, shown_text_of_message(one.kind, one.content, one.extras), one.pk) for one in messages]
    groups = [
        (gettext("Customers"), _hits(rows, ((id_, "", None) for id_ in wanted), term)),
        (gettext("Leads"), _hits(rows, ((one.conversation_id, one.details, None) for one in leads), term)),
        (gettext("Messages"), _hits(rows, said, term)),
    ]
    return Found([(name, hits) for name, hits in groups if hits])


def search_messages(viewer: Viewer, term: str) -> FoundPages[Message]:
    """Return the messages with these words, the newest first. Raises TooManyWords."""
    rows = Message.objects.filter(user_id=viewer.business_id)
    parts = read_term(term)
    matching = rows.filter(reduce(and_, (texts_with(part, "content") for part in parts))) if parts else rows.none()
    return FoundPages(rows, matching, [matching]).order_by("-pk")


def _hits(rows: dict[UUID, Row], found: Iterable[tuple[UUID, str, UUID | None]], term: str) -> list[Hit]:
    return [Hit(rows[id_], marked(text, term), message) for id_, text, message in found if id_ in rows]


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
