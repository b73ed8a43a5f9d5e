"""OwnedModel, the abstract base of models whose rows belong to a business, and UUID version 7 defaults; the manager of
rows that can be deleted and restored; the key of who did something.
"""

from typing import Any, TypeVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Length, Now
from django.utils.translation import gettext_lazy as _

# Constraints use lookups such as `name__length__lte`.
models.CharField.register_lookup(Length)
models.TextField.register_lookup(Length)

M = TypeVar("M", bound=models.Model)


class UuidV7(models.Func):
    """The SQL function uuid_v7() as a column default, so that Django, SQL clients and COPY get the same kind of id."""

    function = "uuid_v7"
    arity = 0
    output_field = models.UUIDField()


def person_key(**options: Any) -> "models.ForeignKey[Any, Any]":
    """The person who did something; null where nobody is known, and after the login was deleted."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        db_constraint=False,
        db_index=False,
        related_name="+",
        **options,
    )


class NotDeletedManager(models.Manager[M]):
    """The default manager of a model with `deleted_at`: deleted rows are hidden. `all_objects` has them too.

    A query that reads the table through another one, or in SQL, decides itself: tests/test_deleted_rows.py lists all.
    """

    def get_queryset(self) -> models.QuerySet[M]:
        return super().get_queryset().filter(deleted_at=None)


class OwnedModel(models.Model):
    """Id, owning business and times of a row.

    Foreign keys are created in SQL (see AddForeignKey). They reference the unique (user, id), which is also the index
    that lists a business's rows newest first.
    """

    id = models.UUIDField(primary_key=True, db_default=UuidV7(), editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("business"),
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True, db_default=Now(), editable=False)

    class Meta:
        abstract = True
