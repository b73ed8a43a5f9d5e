"""Services that invite people to work for a business, by links: signed, for one use, for seven days.

The link contains the invitation's id and nonce. Accepting and revoking delete the row, and sending it again replaces
the nonce, so links of before are invalid. Where the site can send e-mail, the link is only mailed: so it shows that the
address is the invited person's. Otherwise the page of the invitation shows it, to be passed on.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import translation
from django.utils.crypto import get_random_string
from django.utils.http import urlencode
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from leadsite.accounts.logins import shortened
from leadsite.accounts.models import Invitation, Membership, User
from leadsite.accounts.passwords.links import absolute
from leadsite.accounts.passwords.services import can_mail
from leadsite.accounts.people.models import Role
from leadsite.accounts.people.services import join_business
from leadsite.core import clock
from leadsite.core.logs.security import log_security_event
from leadsite.core.transactions import queue_job, retried

VALID: Final = timedelta(days=7)
AT_ONCE: Final = 100
SEND_INVITATION: Final = "leadsite.accounts.tasks.send_invitation"
_SALT: Final = "leadsite.accounts.people.invitations"
_TEXT: Final = _("""{business} has invited you to work with its leads and conversations in leadsite, at {site}.

Accept the invitation within seven days:

{link}

If you do not know {business}, ignore this e-mail.
""")


class InvitationInvalid(Exception):
    """The link was used, revoked, replaced by a later one, is too old, or is not one of ours."""


class AccountExists(Exception):
    """The invited e-mail has a login: its owner logs in first."""


class InvitationRefused(Exception):
    """Nobody was invited; the message says why."""


def check_new(*, business_id: UUID, email: str) -> None:
    """Raises InvitationRefused. Nothing is said of logins that work for other businesses, or for none."""
    if Membership.objects.filter(business_id=business_id, person__email=email).exists():
        raise InvitationRefused(gettext_noop("This person works for the business already."))
    if Invitation.objects.filter(business_id=business_id).count() >= AT_ONCE:
        raise InvitationRefused(
            gettext_noop("There are %(at_once)s open invitations. Revoke some that nobody accepts.")
            % {"at_once": AT_ONCE}
        )


def renew(invitation: Invitation) -> None:
    """Give an invitation, saved or not, a new link and seven days."""
    invitation.nonce = get_random_string(32)
    invitation.expires_at = clock.now() + VALID


def resend(*, invitation: Invitation) -> None:
    """Make a new link, valid for seven days, and mail it where that is possible. Raises django.db.Error."""
    renew(invitation)
    invitation.save(update_fields=["nonce", "expires_at"])
    send_soon(invitation)


def send_soon(invitation: Invitation) -> None:
    """Have a worker mail the link, where the site can. Raises django.db.Error."""
    if not can_mail():
        return
    queue_job(SEND_INVITATION, invitation_id=str(invitation.pk))


def send(*, invitation_id: str) -> bool:
    """Mail the link of an invitation that is still open; return whether it is. Raises OSError."""
    open_ones = Invitation.objects.filter(pk=invitation_id, expires_at__gt=clock.now(), business__is_active=True)
    invitation = open_ones.select_related("business").first()
    if invitation is None or not can_mail():
        return False
    link, business = absolute(link_of(invitation)), " ".join(str(invitation.business).split())
    with translation.override(invitation.business.language or settings.LANGUAGE_CODE):
        subject = gettext("%(business)s invites you to leadsite") % {"business": business}
        text = _TEXT.format(business=business, site=absolute("/"), link=link)
    send_mail(subject, text, None, [invitation.email])
    return True


def link_of(invitation: Invitation) -> str:
    """Return path and query of the page. The query, because logs of the site have none."""
    link = signing.dumps([invitation.pk.hex, invitation.nonce], salt=_SALT)
    return f"{reverse('invitation')}?{urlencode({'link': link})}"


def invitation_of(link: str, *, lock: bool = False) -> Invitation:
    """Return what a link invites to. With `lock`, caller holds the transaction. Raises InvitationInvalid."""
    try:
        key, nonce = signing.loads(link, salt=_SALT)
    except signing.BadSignature as error:
        raise InvitationInvalid from error
    rows = Invitation.objects.select_for_update(of=("self",)) if lock else Invitation.objects.all()
    open_ones = rows.filter(pk=UUID(hex=key), nonce=nonce, expires_at__gt=clock.now(), business__is_active=True)
    found = open_ones.select_related("business", "invited_by").first()
    if found is None or not _may_invite(found):
        raise InvitationInvalid
    return found


def _may_invite(invitation: Invitation) -> bool:
    """Whether who has invited is still an owner of the business, or an operator. They may have done so while somebody
    removed them, and have invited themselves at another address.
    """
    person = invitation.invited_by
    if person is None:  # manage.py
        return True
    if not person.is_active:
        return False
    owners = Membership.objects.of_business(invitation.business_id).filter(role=Role.OWNER)
    return person.is_superuser or owners.filter(person=person).exists()


@retried
def accept(*, link: str, person: User) -> Membership:
    """Join the business as the login with the invited e-mail. Opens the transaction. Raises InvitationInvalid.

    Who works for the business already keeps the role.
    """
    with transaction.atomic():
        # Of two requests with one link the second waits here, and then there is no invitation any more.
        invitation = invitation_of(link, lock=True)
        if person.email != invitation.email:
            raise InvitationInvalid
        present = Membership.objects.filter(person=person, business=invitation.business).first()
        invitation.delete()
        return present or join_business(person=person, business_id=invitation.business_id, role=invitation.role)


@retried
def accept_as_new(*, link: str, name: str, password: str, client: str) -> User:
    """Create the login of somebody who has none, and join the business. Opens the transaction.

    Raises InvitationInvalid, AccountExists.
    """
    with transaction.atomic():
        invitation = invitation_of(link, lock=True)
        # A login that is created at the same moment: the unique constraint refuses the second.
        if User.objects.filter(email=invitation.email).exists():
            raise AccountExists
        try:
            person = User.objects.create_user(invitation.email, password, name=name, is_staff=True)
        except IntegrityError as error:
            raise AccountExists from error
        invitation.delete()
        join_business(person=person, business_id=invitation.business_id, role=invitation.role)
    log_security_event("invitation_accepted", client=client, subject=shortened(person.email))
    return person
