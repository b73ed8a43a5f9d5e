"""The base of every row that belongs to a business."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Length, Now

# Constraints are written with lookups such as `name__length__lte`.
models.CharField.register_lookup(Length)
models.TextField.register_lookup(Length)


class UuidV7(models.Func):
    """The SQL function uuid_v7() as a column default: one source of ids for Django, SQL clients and COPY."""

    function = "uuid_v7"
    arity = 0
    output_field = models.UUIDField()


class OwnedModel(models.Model):
    """What every row of a business has: its id, its owner and its times.

    The foreign keys are made in SQL (AddForeignKey says why); unique (user, id) is what they
    point at, and also the index that lists a business's rows newest first.
    """

    id = models.UUIDField(primary_key=True, db_default=UuidV7(), editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name="business",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True, db_default=Now(), editable=False)

    class Meta:
        abstract = True
