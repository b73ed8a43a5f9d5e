"""The model Label: a word with a colour that a business puts on conversations."""

from typing import Final

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from leadsite.core.models import OwnedModel
from leadsite.languages.texts import filled

LABEL_MAX_LENGTH: Final = 30
# Of one business: more are no help, and every list shows them all.
MOST_LABELS: Final = 50


class Colour(models.TextChoices):
    GREY = "grey", _("Grey")
    RED = "red", _("Red")
    ORANGE = "orange", _("Orange")
    YELLOW = "yellow", _("Yellow")
    GREEN = "green", _("Green")
    BLUE = "blue", _("Blue")
    PURPLE = "purple", _("Purple")
    PINK = "pink", _("Pink")


class Label(OwnedModel):
    """A label of a business. Conversations name theirs in Conversation.label_ids."""

    Colour = Colour

    name = models.CharField()
    colour = models.CharField(choices=Colour, default=Colour.GREY, db_default=Colour.GREY)

    class Meta:
        db_table = "labels"
        constraints = [
            models.UniqueConstraint(
                "user",
                Lower("name"),
                name="labels_name_unique",
                violation_error_message=_("There is a label with this name."),
            ),
            models.CheckConstraint(
                condition=models.Q(name__length__gte=1) & models.Q(name__length__lte=LABEL_MAX_LENGTH),
                name="labels_name_length",
                violation_error_message=filled(
                    _("A label has 1 to %(label_max_length)s characters."), label_max_length=LABEL_MAX_LENGTH
                ),
            ),
            models.CheckConstraint(condition=models.Q(colour__in=Colour.values), name="labels_colour_valid"),
        ]

    def __str__(self) -> str:
        return self.name
