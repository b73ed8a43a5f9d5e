"""Services that change who works for a business: Note [The last owner].

A business that has owners keeps one who can log in, so that somebody can invite others. The business's row is locked
for each change: of two owners who remove each other at the same moment, the second is refused.
"""

import logging
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from leadsite.accounts.models import Invitation, Membership, Rotation, Session, User
from leadsite.accounts.people.models import Role
from leadsite.accounts.people.roles import WORKING
from leadsite.accounts.people.workplaces import works_there
from leadsite.accounts.services import give_owner_a_group
from leadsite.accounts.sessions.store import SessionStore
from leadsite.core.logs.security import log_security_event
from leadsite.core.transactions import queue_job, retried

RELEASE_WORK: Final = "leads.tasks.release_work"
NOT_HERE: Final = gettext_noop("This person does not work for the business any more.")
_LAST_OWNER: Final = gettext_noop(
    "This is the last owner: nobody could invite people any more. Make somebody else an owner first."
)


class LastOwner(Exception):
    """A business cannot be left without an owner; nothing was changed."""

    def __init__(self) -> None:
        super().__init__(_LAST_OWNER)


class UnknownPerson(Exception):
    """Nobody with this id works for the business; nothing was changed."""


@retried
def join_business(*, person: User, business_id: UUID, role: str) -> Membership:
    """Let somebody work for a business, with a login to the admin; who does already gets the role.

    Opens the transaction. Raises LastOwner.
    """
    with transaction.atomic():
        if role != Role.OWNER:
            _revoke_invitations(person, business_id)
        lock_business(business_id)
        membership = Membership.objects.filter(person=person, business_id=business_id).first()
        if membership is None:
            membership = Membership.objects.create(person=person, business_id=business_id, role=role)
        elif membership.role != role:
            _set_role(membership, role)
        if not person.is_staff:
            person.is_staff = True
            person.save(update_fields=["is_staff"])
        if role == Role.OWNER:
            give_owner_a_group(person=person)
    more: dict[str, Any] = {"business": str(business_id), "role": role}
    log_security_event("person_joined", client="", subject=str(person.pk), level=logging.INFO, **more)
    return membership


@retried
def change_role(*, membership: Membership, role: str, by: UUID) -> None:
    """Give a person another role, which counts from the next request on. Opens the transaction.

    What an owner has invited to is revoked with the role. A worker unassigns the open work of a new viewer.
    Raises LastOwner, UnknownPerson.
    """
    with transaction.atomic():
        if role != Role.OWNER:
            _revoke_invitations(membership.person, membership.business_id)
        lock_business(membership.business_id)
        _set_role(_present(membership), role)
        if role == Role.OWNER:
            give_owner_a_group(person=membership.person)
    more: dict[str, Any] = {"business": str(membership.business_id), "role": role, "by": str(by)}
    log_security_event("role_changed", client="", subject=str(membership.person_id), level=logging.INFO, **more)


@retried
def remove_person(*, membership: Membership, by: UUID) -> None:
    """End somebody's work for a business: membership, sessions and invitations there at once. Opens the transaction.

    A worker then unassigns their open leads and conversations; what is closed keeps its name.
    Raises LastOwner, UnknownPerson, django.db.Error.
    """
    person_id, business_id = membership.person_id, membership.business_id
    with transaction.atomic():
        _revoke_invitations(membership.person, business_id)
        lock_business(business_id)
        present = _present(membership)
        _check_last_owner(present)
        _end_sessions(person_id, business_id)
        present.delete()
        _release(present)
    more: dict[str, Any] = {"business": str(business_id), "by": str(by)}
    log_security_event("person_removed", client="", subject=str(person_id), level=logging.INFO, **more)


def release_work_of(*, person_id: UUID) -> None:
    """Somebody cannot log in any more: a worker unassigns their open work for others, and whom they have invited cannot
    accept any more. Caller holds the transaction.

    What a business has assigned to itself stays. Raises django.db.Error.
    """
    Invitation.objects.filter(invited_by_id=person_id).delete()
    theirs = Membership.objects.filter(person_id=person_id).exclude(business_id=person_id)
    for membership in theirs:
        _release(membership)


def set_rotation(*, business_id: UUID, on: bool) -> None:
    """Have new leads of a business assigned to its people in turn, or to nobody. Raises django.db.Error."""
    if on:
        Rotation.objects.get_or_create(business_id=business_id)
    else:
        Rotation.objects.filter(business_id=business_id).delete()


def lock_business(business_id: UUID) -> None:
    """Wait for other changes of its people. No other writer waits: foreign keys need a weaker lock. Caller holds the
    transaction.
    """
    list(User.objects.select_for_update(no_key=True).filter(pk=business_id).values_list("pk"))


def _present(membership: Membership) -> Membership:
    """Raises UnknownPerson."""
    found = Membership.objects.filter(pk=membership.pk).first()
    if found is None:
        raise UnknownPerson(NOT_HERE)
    return found


def _set_role(membership: Membership, role: str) -> None:
    """Raises LastOwner."""
    if role != Role.OWNER:
        _check_last_owner(membership)
    if role not in WORKING and membership.role in WORKING:
        _release(membership)
    membership.role = role
    membership.save(update_fields=["role"])


def _release(membership: Membership) -> None:
    """Have a worker take the person's open work back, with the transaction: the job is there if and only if the person
    is not, or only views.
    """
    queue_job(RELEASE_WORK, business_id=str(membership.business_id), person_id=str(membership.person_id))


def _check_last_owner(membership: Membership) -> None:
    """Raises LastOwner."""
    others = Membership.objects.of_business(membership.business_id).filter(role=Role.OWNER).exclude(pk=membership.pk)
    if membership.role == Role.OWNER and not others.exists():
        raise LastOwner


def _revoke_invitations(person: User, business_id: UUID) -> None:
    """Delete the ways back into the business: whom the person has invited may be the person, at another address.

    Caller holds the transaction, and locks the business after this: so does who accepts an invitation.
    """
    theirs = Q(invited_by=person) | Q(email=person.email)
    Invitation.objects.filter(theirs, business_id=business_id).delete()


def _end_sessions(person_id: UUID, business_id: UUID) -> None:
    """End those sessions of a person that are in this business. Caller holds the transaction."""
    memberships = list(Membership.objects.of_person(person_id))
    decode = SessionStore().decode
    there = [
        session.pk
        for session in Session.objects.running(person_id)
        if works_there(decode(session.session_data), memberships, business_id)
    ]
    if there:
        Session.objects.end(there, user_id=person_id, reason="removed from the business")
