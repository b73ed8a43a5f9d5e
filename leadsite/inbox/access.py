"""The person who has the inbox open, the business that it belongs to, and what the person may do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.views.decorators.cache import never_cache

from conversations.models import Conversation
from leadsite.accounts.models import User
from leadsite.adminkit.workplace import business_of


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person at work for a business. `may_write`: answer, assign and change statuses."""

    person: User
    business_id: UUID
    may_write: bool

    @property
    def person_id(self) -> UUID:
        return self.person.pk

    @property
    def business_name(self) -> str:
        return next((str(one.business) for one in self.person.workplaces if one.business_id == self.business_id), "")

    def chat(self, conversation_id: UUID) -> Conversation:
        """Return a conversation of the business. Raises Http404."""
        mine = Conversation.objects.select_related("customer", "assigned_to").filter(user_id=self.business_id)
        found = mine.filter(pk=conversation_id).first()
        if found is None:
            raise Http404("There is no such conversation.")
        return found


def for_staff(view: Any) -> Any:
    """The view, for staff who are logged in; never cached."""
    return admin.site.admin_view(never_cache(view))


def viewer_of(request: HttpRequest) -> Viewer:
    """Raises PermissionDenied for people who may not read conversations."""
    person, business_id = cast(User, request.user), business_of(request)
    if business_id is None or not may_read(request):
        raise PermissionDenied
    return Viewer(person, business_id, person.has_perm("conversations.change_conversation"))


def writer_of(request: HttpRequest) -> Viewer:
    """Raises PermissionDenied for people who may not change conversations."""
    viewer = viewer_of(request)
    if not viewer.may_write:
        raise PermissionDenied
    return viewer


def may_read(request: HttpRequest) -> bool:
    """Whether the person works for a business, and may read its conversations: an operator may work for none."""
    may = request.user.has_perm
    return (
        business_of(request) is not None
        and may("conversations.view_conversation")
        and may("conversations.view_message")
    )


def names_of(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Return the names of people; one query, none without ids."""
    wanted = {id_ for id_ in ids if id_}
    return {person.pk: person.person_name for person in User.objects.filter(pk__in=wanted)} if wanted else {}
