"""To whom work of a business can be assigned: to its owners and agents who can log in. A viewer could not answer."""

from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

from leadsite.accounts.models import Membership, User
from leadsite.accounts.people.roles import WORKING

UNKNOWN_PERSON: Final = (
    "No owner or agent with this id works for this business; viewers get nothing. GET /api/people lists who does."
)


def assignable(*, business_id: UUID, present: UUID | None = None) -> QuerySet[User]:
    """Return the people to choose from, by name; with the present assignee, who may have left."""
    working = Membership.objects.filter(business_id=business_id, role__in=WORKING)
    here = Q(is_active=True, pk__in=working.values("person"))
    return User.objects.filter(here | Q(pk=present)).order_by("name", "email")


def may_be_mentioned(*, business_id: UUID) -> QuerySet[User]:
    """Return everybody who can log in and reads the notes of a business, whatever the role."""
    here = Membership.objects.filter(business_id=business_id)
    return User.objects.filter(is_active=True, pk__in=here.values("person")).order_by("name", "email")


def may_be_assigned(*, business_id: UUID, person_id: UUID, present: UUID | None) -> bool:
    """Whether a client may name this person: an owner or agent of the business, or who has it already.

    Also the business itself, as before there were people: one that only programs use has no others. Caller holds the
    transaction: see Membership.objects.hold. Raises django.db.Error.
    """
    return person_id in (business_id, present) or bool(Membership.objects.hold([(business_id, person_id)]))


def hold_assignable(pairs: Collection[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
    """Return those pairs of a business and a person in which the person can do its work: an owner or agent, the
    business itself, or an operator, who takes work of any. Caller holds the transaction: see Membership.objects.hold.

    Two statements, none without pairs. Raises django.db.Error.
    """
    working = Membership.objects.hold(pairs)
    if others := [pair for pair in pairs if pair not in working]:
        people = {person_id for _, person_id in others}
        operators = set(
            User.objects.filter(pk__in=people, is_active=True, is_superuser=True).values_list("pk", flat=True)
        )
        working |= {pair for pair in others if pair[0] == pair[1] or pair[1] in operators}
    return working


def stays_with_leaver(business_id: UUID, present: UUID | None, changes: Mapping[str, Any]) -> bool:
    """Whether work that opens again would stay with the person who has it (`present`), who has left the business or
    only views it.

    Caller holds the transaction. Raises django.db.Error.
    """
    if present is None or changes.get("assigned_to_id", present) != present:
        return False
    return not hold_assignable([(business_id, present)])
