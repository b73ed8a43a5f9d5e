"""What staff change of a chat beside answering: its notes, labels, and when it comes back."""

from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from conversations.models import Label
from conversations.services.change import ConversationRefused, change_conversation
from conversations.services.labels import LabelRefused, chosen_of, create_label, labels_of
from conversations.services.notes import NoteRefused, add_note, delete_note, edit_note
from leadsite.adminkit.values import read_uuid
from leadsite.core import clock
from leadsite.inbox.access import Viewer, writer_of
from leadsite.inbox.changes import answer_with_chat
from leadsite.inbox.parameters import read_text
from leadsite.inbox.times import NotATime, read_time
from leadsite.languages.texts import shown

_NOT_CHANGED: Final = _("Not changed:")
_NOT_KEPT: Final = _("Not kept:")
_NOT_SNOOZED: Final = _("Not snoozed:")


@require_POST
def add_a_note(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Write a note."""
    viewer = writer_of(request)
    row = viewer.chat(conversation_id)
    its = {"user_id": viewer.business_id, "author_id": viewer.person_id}
    text = read_text(request.POST, "note")
    try:
        add_note(conversation_id=row.pk, text=text, **its)
    except NoteRefused as refusal:
        return answer_with_chat(
            request, viewer, row, status=422, problem=f"{_NOT_KEPT} {shown(refusal)}", note_draft=text
        )
    return answer_with_chat(request, viewer, row)


@require_POST
def change_a_note(request: HttpRequest, conversation_id: UUID, note_id: UUID) -> HttpResponse:
    """Edit one's own note, or delete it."""
    viewer = writer_of(request)
    row = viewer.chat(conversation_id)
    its: dict[str, Any] = {"user_id": viewer.business_id, "author_id": viewer.person_id, "note_id": note_id}
    try:
        if "delete" in request.POST:
            delete_note(**its)
        else:
            edit_note(text=read_text(request.POST, "note"), **its)
    except NoteRefused as refusal:
        return answer_with_chat(request, viewer, row, status=422, problem=f"{_NOT_CHANGED} {shown(refusal)}")
    return answer_with_chat(request, viewer, row)


@require_POST
def snooze(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Snooze the chat until a time; without one, end that."""
    viewer = writer_of(request)
    row = viewer.chat(conversation_id)
    try:
        until = read_time(text) if (text := read_text(request.POST, "until")) else None
        if until and until <= clock.now():
            raise NotATime(gettext("Choose a time that is still to come."))
        change_conversation(user_id=viewer.business_id, conversation_id=row.pk, changes={"snoozed_until": until})
    except (NotATime, ConversationRefused) as refusal:
        return answer_with_chat(request, viewer, row, status=422, problem=f"{_NOT_SNOOZED} {shown(refusal)}")
    return answer_with_chat(request, viewer, row)


@require_POST
def label(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Put on a chat the labels that were ticked, and take off those that were `shown` and are not ticked any more; or
    put a new one on it, of those who may make labels.
    """
    viewer = writer_of(request)
    row = viewer.chat(conversation_id)
    wanted, seen = (
        {id_ for text in request.POST.getlist(name) if (id_ := read_uuid(text))} for name in ("label", "shown")
    )
    try:
        if "new_label" in request.POST:
            wanted.add(_new_label(viewer, request).pk)
        ids = [label.pk for label in chosen_of(labels_of(viewer.business_id), wanted)]
        change_conversation(
            user_id=viewer.business_id, conversation_id=row.pk, changes={"label_ids": ids}, labels_seen=seen
        )
    except ConversationRefused as refusal:
        return answer_with_chat(request, viewer, row, status=422, problem=f"{_NOT_CHANGED} {shown(refusal)}")
    return answer_with_chat(request, viewer, row)


def _new_label(viewer: Viewer, request: HttpRequest) -> Label:
    """Raises LabelRefused."""
    if not viewer.person.has_perm("conversations.add_label"):
        raise LabelRefused(gettext("Owners make the labels."))
    colour = request.POST.get("colour", Label.Colour.GREY)
    return create_label(user_id=viewer.business_id, name=read_text(request.POST, "new_label"), colour=colour)
