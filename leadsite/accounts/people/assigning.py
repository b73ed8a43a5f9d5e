"""To whom work of a business can be assigned: to everybody who can log in and work for it, whatever the role."""

from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from leadsite.accounts.models import Membership, User

UNKNOWN_PERSON: Final = "Nobody with this id works for this business. GET /api/people lists who does."


def assignable(*, business_id: UUID, present: UUID | None = None) -> QuerySet[User]:
    """Return the people to choose from, by name; with the present assignee, who may have left."""
    here = Q(is_active=True, pk__in=Membership.objects.filter(business_id=business_id).values("person"))
    return User.objects.filter(here | Q(pk=present)).order_by("name", "email")


def may_be_assigned(*, business_id: UUID, person_id: UUID, present: UUID | None) -> bool:
    """Whether a client may name this person: one of the business, or the one that it is assigned to already.

    Also the business itself, as before there were people: one that only programs use has no others.
    Raises django.db.Error.
    """
    return person_id in (business_id, present) or Membership.objects.works_for(person_id, business_id)


def has_left(*, business_id: UUID, person_id: UUID) -> bool:
    """Whether work that opens again is not left with this person; as STILL_ASSIGNED in conversations.models.openings.

    Raises django.db.Error.
    """
    members = Membership.objects.filter(business_id=business_id).values("person")
    here = Q(pk=business_id) | Q(is_active=True) & (Q(is_superuser=True) | Q(pk__in=members))
    return not User.objects.filter(here, pk=person_id).exists()
