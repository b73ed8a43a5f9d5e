"""The pages of the inbox, and the parts of them that an open page reads again. They change nothing but what is read."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from conversations.admin.thread_entries import Place
from conversations.models import Conversation, Message
from conversations.search.queries import TooManyWords
from conversations.services.labels import labels_of
from leads.models import Lead
from leadsite.accounts.people.assigning import assignable
from leadsite.adminkit.alerts import SHOWN
from leadsite.adminkit.values import read_uuid
from leadsite.core import clock
from leadsite.inbox.access import Viewer, may_read, names_of, viewer_of
from leadsite.inbox.chats import MOST, PAGE, Cursor, Page, Row, counts, read_cursor, read_page, shown_count
from leadsite.inbox.customer import customer_pane
from leadsite.inbox.models import ChatPresence, ChatRead, InboxPreference
from leadsite.inbox.parameters import read_number, tab_of
from leadsite.inbox.searching import Found, Hit, search_everything
from leadsite.inbox.thread import read_chat
from leadsite.inbox.times import remaining, waited
from leadsite.inbox.work.filters import filters_of
from leadsite.inbox.work.notes import see_mentions
from leadsite.inbox.work.panes import add_notes, work_context
from leadsite.inbox.work.rows import shown_row
from leadsite.inbox.work.tabs import LABELS, TABS
from leadsite.inbox.work.views_kept import MOST_VIEWS, views_of
from leadsite.inbox.writing.chooser import Chooser, read_chooser
from leadsite.languages.texts import shown
from whatsapp.media.limits import MOST_SENT
from whatsapp.models import Channel
from whatsapp.outbound.providers import PROVIDERS
from whatsapp.outbound.refusals import TEXT_MAX_LENGTH
from whatsapp.outbound.routing import find_route_of_reply


def first_page(request: HttpRequest) -> HttpResponse:
    """The first page of the admin: the inbox; the overview for people who may not read conversations."""
    return HttpResponseRedirect(reverse("inbox" if may_read(request) else "overview"))


@require_GET
def inbox(request: HttpRequest, conversation_id: UUID | None = None) -> HttpResponse:
    """The page: the list and, where one is chosen, the chat and its customer."""
    viewer = viewer_of(request)
    return whole_page(request, viewer, viewer.chat(conversation_id) if conversation_id else None)


@require_GET
def chat_list(request: HttpRequest) -> HttpResponse:
    """The list with its tabs, or with `after` the next rows only."""
    viewer = viewer_of(request)
    template = "inbox/rows.html" if "after" in request.GET else "inbox/list.html"
    return TemplateResponse(request, template, list_context(request, viewer))


@require_GET
def chat(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The chat and its customer. `seen`: the newest message that was shown when the person began to write an answer."""
    viewer = viewer_of(request)
    conversation = viewer.chat(conversation_id)
    context = chat_context(request, viewer, conversation)
    seen = read_uuid(request.GET.get("seen", ""))
    if seen and (answer := Message.objects.answer_after(conversation.pk, seen)):
        context |= meanwhile(viewer, answer)
    return TemplateResponse(request, "inbox/panes.html", context | {"tab": tab_of(request)})


@require_GET
def older(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Older messages of a chat, before the place `before`; or the page that ends with the message `about`, which has
    been changed since.
    """
    viewer = viewer_of(request)
    conversation = viewer.chat(conversation_id)
    place = read_cursor(request.GET.get("before", "")) or _place_after(conversation, request.GET.get("about", ""))
    is_open = find_route_of_reply(conversation).open_until(clock.now()) is not None
    thread = read_chat(conversation, is_open=is_open, before=Place(place.at, place.id) if place else None)
    add_notes(viewer, conversation, thread, until=place.at if place else None)
    context = {"thread": thread, "conversation": conversation, "may_write": viewer.may_write}
    context |= {"tab": tab_of(request), "filters": filters_of(request), "several_numbers": _has_several(viewer)}
    return TemplateResponse(request, "inbox/messages.html", context)


def _place_after(conversation: Conversation, message: str) -> Cursor | None:
    """The place before which a message is the newest."""
    id_ = read_uuid(message)
    found = conversation.messages.filter(pk=id_).values_list("sort_at", flat=True).first() if id_ else None
    return Cursor(found, UUID(int=id_.int + 1)) if found and id_ else None


def whole_page(
    request: HttpRequest, viewer: Viewer, conversation: Conversation | None, *, status: int = 200, **more: Any
) -> HttpResponse:
    """Return the whole page; `more` is added to its context."""
    context = admin.site.each_context(request) | list_context(request, viewer, conversation)
    if conversation:
        context |= chat_context(request, viewer, conversation)
    preference = InboxPreference.objects.filter(person=viewer.person_id).first() or InboxPreference()
    context |= {
        "title": gettext("Inbox"),
        "is_fullwidth": "1",
        "person": viewer.person,
        "business_id": viewer.business_id,
        "may_write": viewer.may_write,
        "preference": preference,
        "most_sent": MOST_SENT,
    }
    return TemplateResponse(request, "inbox/inbox.html", context | more, status=status)


def list_context(request: HttpRequest, viewer: Viewer, conversation: Conversation | None = None) -> dict[str, Any]:
    """The context of inbox/list.html."""
    tab, term = tab_of(request), request.GET.get("q", "").replace("\0", "").strip()
    filters, found, page = filters_of(request), None, Page([], None)
    if term:
        found = _search(viewer, term)
    else:
        size = min(MOST, max(PAGE, read_number(request.GET.get("rows", ""))))
        after = read_cursor(request.GET.get("after", ""))
        page = read_page(viewer, tab, after=after, size=size, filters=filters)
    groups = found.groups if found else []
    rows = [*page.rows, *(hit.row for group in groups for hit in group.hits)]
    names = names_of(id_ for row in rows for id_ in (row.assigned_to_id, row.author_id))
    numbers, labels = counts(viewer), labels_of(viewer.business_id)

    def shown(row: Row, hit: Hit | None = None) -> dict[str, Any]:
        return shown_row(row, names, viewer, labels, hit)

    return {
        "tab": tab,
        "tabs": [(name, LABELS[name], shown_count(numbers[name]) if numbers.get(name) else "") for name in TABS],
        "waiting_count": shown_count(numbers["waiting"]) if numbers["waiting"] else "",
        "stopped": _stopped(request, viewer),
        "term": term,
        "problem_of_search": found.problem if found else "",
        "groups": [(name, [shown(hit.row, hit) for hit in hits], url) for name, hits, url in groups],
        "rows": [shown(row) for row in page.rows],
        "next": page.next,
        "filters": filters,
        "filter_labels": labels.values(),
        "filter_people": assignable(business_id=viewer.business_id),
        "lead_types": Lead.Type.choices,
        "lead_statuses": Lead.Status.choices,
        "views": (views := views_of(viewer)),
        "views_full": len(views) >= MOST_VIEWS,
        "chosen": conversation.pk if conversation else read_uuid(request.GET.get("chat", "")),
    }


def _stopped(request: HttpRequest, viewer: Viewer) -> list[tuple[Channel, bool]]:
    """The numbers of the business that send nothing, and whether the person may open the page that says what to do."""
    may_open = request.user.has_perm("whatsapp.view_channel") or request.user.has_perm("whatsapp.change_channel")
    stopped = Channel.objects.filter(user_id=viewer.business_id, active=True).exclude(stopped_at=None)
    return [(channel, may_open) for channel in stopped.order_by("stopped_at")[:SHOWN]]


def chat_context(request: HttpRequest, viewer: Viewer, conversation: Conversation) -> dict[str, Any]:
    """The context of inbox/panes.html. What it shows counts as read, unless `unseen` says that the window is hidden."""
    read_at = clock.now()
    reply = _reply_box(conversation)
    thread = read_chat(conversation, is_open=reply["until"] is not None)
    add_notes(viewer, conversation, thread)
    if "unseen" not in request.GET:
        see_mentions(viewer, conversation)
    if thread.newest and "unseen" not in request.GET:
        newest = thread.newest.sort_at
        ChatRead.objects.mark(person_id=viewer.person_id, conversation_id=conversation.pk, until=newest)
    others = ChatPresence.objects.others(person_id=viewer.person_id, conversation_id=conversation.pk)
    names = names_of(other.person_id for other in others)
    context = {
        "thread": thread,
        "seen": thread.newest.pk if thread.newest else UUID(int=0),
        "read_at": read_at,
        "present": [(names.get(other.person_id, gettext("Somebody")), other.types) for other in others],
        "reply": reply,
        "chooser": _offered(request, viewer, conversation, reply),
        "waited": waited(conversation.waiting_since) if conversation.waiting_since else "",
        "panes": True,
        "several_numbers": _has_several(viewer),
        "filters": filters_of(request),
    }
    return context | customer_pane(viewer, conversation) | work_context(viewer, conversation)


def meanwhile(viewer: Viewer, answer: Message) -> dict[str, Any]:
    """The context of the warning that there is another answer."""
    if answer.author_id is None:
        who = gettext("Somebody else")
    elif answer.author_id == viewer.person_id:
        who = gettext("You (in another window)")
    else:
        who = names_of([answer.author_id]).get(answer.author_id, gettext("Somebody else"))
    return {"meanwhile": answer, "meanwhile_by": who}


def answered_meanwhile(viewer: Viewer, answer: Message) -> str:
    """Return the same in a sentence."""
    words = gettext("%(who)s has answered meanwhile, and nothing of yours was sent yet: “%(text)s”")
    return words % {"who": meanwhile(viewer, answer)["meanwhile_by"], "text": answer.content[:200]}


def address_of(request: HttpRequest, name: str, *args: Any) -> str:
    """Return the address of a page of the inbox beside the same list."""
    return f"{reverse(name, args=args, query={'tab': tab_of(request)})}{filters_of(request).query}"


def _reply_box(conversation: Conversation) -> dict[str, Any]:
    route = find_route_of_reply(conversation)
    until = route.open_until(clock.now())
    return {
        "route": route,
        "until": until,
        "remaining": remaining(until) if until else "",
        "max_length": PROVIDERS[route.channel.provider].TEXT_MAX_LENGTH if route.channel else TEXT_MAX_LENGTH,
    }


def _has_several(viewer: Viewer) -> bool:
    """Whether the business has several numbers, so that messages say by which they came or go."""
    return Channel.objects.filter(user_id=viewer.business_id).count() > 1


def _offered(request: HttpRequest, viewer: Viewer, conversation: Conversation, reply: dict[str, Any]) -> Chooser | None:
    """The templates, offered at once where the window is closed; not to an open page that reads a chat again."""
    if reply["until"] or not viewer.may_write or "again" in request.GET:
        return None
    channel, customer = reply["route"].channel, conversation.customer
    chooser = read_chooser(business_id=viewer.business_id, channel=channel, customer=customer, form=QueryDict())
    return chooser if chooser.has_any or chooser.reading_problem else None


def _search(viewer: Viewer, term: str) -> Found:
    try:
        return search_everything(viewer, term)
    except TooManyWords as error:
        return Found([], shown(error))
