"""Which templates WhatsApp refuses at present, in words (Meta, "Template status")."""

from typing import Final

from django.utils.translation import gettext_noop

_REFUSED: Final = {
    "rejected": gettext_noop(
        "Meta has rejected this template. Change it in WhatsApp Manager, and wait for its approval."
    ),
    "in_appeal": gettext_noop(
        "Meta has rejected this template, and looks at it again. It can be sent once it is approved."
    ),
    "pending": gettext_noop("Meta has not approved this template yet. It can be sent once it is approved."),
    "paused": (
        gettext_noop(
            "Meta has paused this template, because customers have complained about it. It can be sent again"
            " when Meta ends"
            " the pause; see WhatsApp Manager."
        )
    ),
    "disabled": gettext_noop("Meta has disabled this template for good. Make a new one in WhatsApp Manager."),
    "archived": gettext_noop("This template is archived. Bring it back in WhatsApp Manager."),
    "deleted": gettext_noop("This template is deleted in WhatsApp Manager."),
    "pending_deletion": gettext_noop("This template is being deleted in WhatsApp Manager."),
    "limit_exceeded": gettext_noop(
        "Your account at Meta has more templates than it may have. Delete some in WhatsApp Manager."
    ),
}


def problem_of_status(status: str) -> str:
    """Return why a template of this status cannot be sent; "" where it can, or nobody knows."""
    return _REFUSED.get(status, "")


# For queries: templates that cannot be sent.
REFUSED: Final = tuple(_REFUSED)
