"""Memberships: who works for which business, and as what."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Now

from leadsite.core.models import UuidV7


class Role(models.TextChoices):
    """What a person may do in a business: leadsite/accounts/people/roles.py."""

    OWNER = "owner"
    AGENT = "agent"
    VIEWER = "viewer"


class MembershipManager(models.Manager["Membership"]):
    def of_person(self, person_id: Any) -> "QuerySet[Membership]":
        """What somebody may work for, with the businesses: the own one first, then in the order of joining."""
        own_first = Case(When(business_id=person_id, then=Value(0)), default=Value(1), output_field=IntegerField())
        mine = self.filter(person_id=person_id, business__is_active=True).select_related("business")
        return mine.order_by(own_first, "pk")

    def of_business(self, business_id: Any) -> "QuerySet[Membership]":
        """Who can log in and work for a business, with the people, in the order of joining."""
        return self.filter(business_id=business_id, person__is_active=True).select_related("person").order_by("pk")

    def works_for(self, person_id: UUID, business_id: UUID) -> bool:
        """Whether the person can log in and work for the business. Raises django.db.Error."""
        return self.filter(person_id=person_id, business_id=business_id, person__is_active=True).exists()


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
        verbose_name = "person"
        verbose_name_plural = "people"
        constraints = [
            # Also read to find what somebody works for.
            models.UniqueConstraint(
                fields=["person", "business"],
                name="memberships_unique",
                violation_error_message="This person works for the business already.",
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values),
                name="memberships_role_valid",
                violation_error_message="A role is owner, agent or viewer.",
            ),
        ]
        indexes = [
            # Read to list the people of a business.
            models.Index(fields=["business", "id"], name="memberships_by_business"),
        ]

    def __str__(self) -> str:
        return f"{self.person.person_name}, {self.get_role_display().lower()}"
