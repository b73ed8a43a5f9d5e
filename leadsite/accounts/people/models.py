"""Who works for which business and as what, who is invited to, and whose turn it is to get a new lead."""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from leadsite.core.arrays import column_arrays
from leadsite.core.models import UuidV7
from leadsite.core.statements import fetch_rows
from leadsite.languages.texts import inside


class Role(models.TextChoices):
    """What a person may do in a business: leadsite/accounts/people/roles.py."""

    OWNER = "owner", _("Owner")
    AGENT = "agent", _("Agent")
    VIEWER = "viewer", _("Viewer")


# KEY SHARE conflicts with the removal only: not with other holders, nor with a change of the role. What a new viewer is
# given at that moment is taken back, too: release_work looks again when what ran then has ended.
_HOLD: Final = """
    SELECT m.business_id, m.person_id FROM unnest(%s::uuid[], %s::uuid[]) AS given (business_id, person_id)
    JOIN memberships AS m ON m.person_id = given.person_id AND m.business_id = given.business_id
        AND m.role <> 'viewer'
    JOIN users AS u ON u.id = m.person_id AND u.is_active
    ORDER BY m.id FOR KEY SHARE OF m
"""


class MembershipManager(models.Manager["Membership"]):
    def of_person(self, person_id: Any) -> "QuerySet[Membership]":
        """What somebody may work for, with the businesses: the own one first, then in the order of joining."""
        own_first = Case(When(business_id=person_id, then=Value(0)), default=Value(1), output_field=IntegerField())
        mine = self.filter(person_id=person_id, business__is_active=True).select_related("business")
        return mine.order_by(own_first, "pk")

    def of_business(self, business_id: Any) -> "QuerySet[Membership]":
        """Who can log in and work for a business, with the people, in the order of joining."""
        return self.filter(business_id=business_id, person__is_active=True).select_related("person").order_by("pk")

    def hold(self, pairs: Collection[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
        """Return those pairs of a business and a person in which the person can log in and is no viewer; nobody removes
        them before the transaction ends. So what they are given in it is there when their work is taken back.

        Caller holds the transaction. Raises django.db.Error.
        """
        return set(fetch_rows(_HOLD, column_arrays(pairs))) if pairs else set()


class Membership(models.Model):
    """A person who works for a business. The login that a business is itself has one of its own."""

    Role = Role

    id = models.UUIDField(primary_key=True, db_default=UuidV7(), editable=False)
    # The foreign keys are created in SQL, like all foreign keys: see AddForeignKey in leadsite/core/sql_migrations.py.
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, db_constraint=False, db_index=False, related_name="memberships"
    )
    business = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, db_constraint=False, db_index=False, related_name="staff"
    )
    role = models.CharField(choices=Role)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = MembershipManager()

    class Meta:
        db_table = "memberships"
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            # Also read to find what somebody works for.
            models.UniqueConstraint(
                fields=["person", "business"],
                name="memberships_unique",
                violation_error_message=_("This person works for the business already."),
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values),
                name="memberships_role_valid",
                violation_error_message=_("A role is owner, agent or viewer."),
            ),
        ]
        indexes = [
            # Read to list the people of a business.
            models.Index(fields=["business", "id"], name="memberships_by_business"),
        ]

    def __str__(self) -> str:
        return f"{self.person.person_name}, {inside(self.get_role_display())}"


class Invitation(models.Model):
    """Somebody who has been asked to work for a business. Deleted when it is accepted or revoked."""

    id = models.UUIDField(primary_key=True, db_default=UuidV7(), editable=False)
    business = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    email = models.EmailField(
        _("e-mail"), max_length=254, help_text=_("The invitation is for the login with this address.")
    )
    role = models.CharField(choices=Role, default=Role.AGENT)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        editable=False,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    # Part of the link: another one makes the links of before invalid.
    nonce = models.CharField(max_length=32, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(editable=False)

    class Meta:
        db_table = "invitations"
        constraints = [
            # Also read to list the invitations of a business.
            models.UniqueConstraint(
                fields=["business", "email"],
                name="invitations_unique",
                violation_error_message=_("There is an invitation for this e-mail: send it again, or revoke it."),
            ),
            models.CheckConstraint(
                condition=Q(email=Lower("email")),
                name="invitations_email_lower",
                violation_error_message=_("Write the e-mail in lower case."),
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values),
                name="invitations_role_valid",
                violation_error_message=_("A role is owner, agent or viewer."),
            ),
        ]

    def __str__(self) -> str:
        return self.email


class Rotation(models.Model):
    """A business that has its new leads assigned in turn, and how many were: take_turns.sql. None: it does not."""

    business = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, db_constraint=False, related_name="rotation"
    )
    turn = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        # The row is updated with each new lead.
        db_table = "rotations"

    def __str__(self) -> str:
        return f"{self.turn} leads"
