"""Services of operators that let people work for a business without the pages."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from leadsite.accounts.models import Invitation, User
from leadsite.accounts.people import invitations
from leadsite.accounts.people.services import join_business, lock_business
from leadsite.core.transactions import retried


class PersonInvalid(Exception):
    """The e-mail, name or password is not valid; the message says which."""


@retried
def create_person(*, email: str, business: User, role: str, name: str = "", password: str = "") -> User | None:
    """Let somebody work for a business; return the login. None where there is none and no password is given.

    A new login gets name and password; of one that exists only a name that is given is changed. Opens the transaction.
    Raises PersonInvalid, LastOwner.
    """
    email = email.strip().lower()
    _check(email, name)
    with transaction.atomic():
        person = User.objects.filter(email=email).first()
        if person is None:
            if not password:
                return None
            _check_password(password, User(email=email, name=name))
            person = _create_login(email, name, password)
        if name and name != person.name:
            person.name = name
            person.save(update_fields=["name"])
        join_business(person=person, business_id=business.pk, role=role)
    return person


def _create_login(email: str, name: str, password: str) -> User:
    """Of two at the same moment the second waits at the unique constraint, and reads the login of the first."""
    try:
        with transaction.atomic():  # a savepoint
            return User.objects.create_user(email, password, name=name, is_staff=True)
    except IntegrityError:
        return User.objects.get(email=email)


@retried
def invite(*, email: str, business: User, role: str, invited_by: User | None = None) -> Invitation:
    """Invite somebody, or again with another role; return the invitation. Opens the transaction.

    Raises PersonInvalid, InvitationRefused.
    """
    email = email.strip().lower()
    _check(email, "")
    with transaction.atomic():
        # Two invitations of one e-mail at the same moment: the second changes the first.
        lock_business(business.pk)
        found = Invitation.objects.filter(business=business, email=email).first()
        if found is None:
            invitations.check_new(business_id=business.pk, email=email)
            found = Invitation(business=business, email=email, invited_by=invited_by)
        found.role = role
        invitations.renew(found)
        found.save()
        return found


def _check(email: str, name: str) -> None:
    """Raises PersonInvalid."""
    try:
        User(email=email, name=name).clean_fields(exclude=["password"])
    except ValidationError as error:
        raise PersonInvalid("; ".join(error.messages)) from error


def _check_password(password: str, user: User) -> None:
    """Raises PersonInvalid."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise PersonInvalid("; ".join(error.messages)) from error
