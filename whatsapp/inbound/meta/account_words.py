"""Words for what Meta reports about accounts, numbers and templates; with each problem the next step."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from django.utils.translation import gettext_noop


class Words(NamedTuple):
    aspect: str
    text: str
    is_problem: bool = False
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an event says. `number`: the display number or the id of the number that it is about."""

    aspect: str
    text: str
    subject: str = ""
    is_problem: bool = False
    number: str = ""
    until: datetime | None = None
    messaging_limit: str = ""
    bans: bool = False
    template: tuple[str, str] | None = None
    status: str = ""
    category: str = ""


BAN_UNCLEAR: Final = Words("ban", gettext_noop("Meta reports a ban of the account. See Business Support Home."), True)
BANS: Final = {
    "SCHEDULE_FOR_DISABLE": Words(
        "ban", gettext_noop("Meta will ban the account on %(date)s. Ask for a review in Business Support Home."), True
    ),
    "DISABLE": Words(
        "ban",
        gettext_noop(
            "Meta has banned the account: its numbers send nothing. Ask for a review in Business Support Home."
        ),
        True,
    ),
    "REINSTATE": Words(
        "ban", gettext_noop("Meta has lifted the ban of the account. Open each stopped number and resume sending.")
    ),
}
ACCOUNT: Final = {
    "ACCOUNT_DELETED": Words("account", gettext_noop("The account was deleted at Meta."), True),
    "ACCOUNT_OFFBOARDED": Words(
        "connection",
        gettext_noop("The number was disconnected in the WhatsApp Business app. Connect it there again."),
        True,
    ),
    "ACCOUNT_RECONNECTED": Words("connection", gettext_noop("The number is connected again.")),
    "PARTNER_ADDED": Words("partner", gettext_noop("The account was connected to the Meta app.")),
    "PARTNER_APP_INSTALLED": Words("partner", gettext_noop("The account was connected to the Meta app.")),
    "PARTNER_APP_UNINSTALLED": Words(
        "partner",
        gettext_noop("The account was disconnected from the Meta app: messages stop. Connect it again."),
        True,
    ),
    "PARTNER_REMOVED": Words(
        "partner",
        gettext_noop("The account was disconnected from the Meta app: messages stop. Connect it again."),
        True,
    ),
    "VERIFIED_ACCOUNT": Words("verification", gettext_noop("The business was verified.")),
}
QUALITY: Final = {
    "FLAGGED": Words(
        "quality",
        gettext_noop(
            "The number's quality is low: customers block or report its messages. Write only to customers who"
            " expect it."
        ),
        True,
    ),
    "UNFLAGGED": Words("quality", gettext_noop("The number's quality is good again.")),
    "DOWNGRADE": Words("limit", gettext_noop("Meta has lowered the number's limit."), True),
    "UPGRADE": Words("limit", gettext_noop("Meta has raised the number's limit.")),
    "ONBOARDING": Words("limit", gettext_noop("The number may send.")),
    "THROUGHPUT_UPGRADE": Words("throughput", gettext_noop("The number may send faster.")),
}
QUALITY_SCORES: Final = {
    "GREEN": gettext_noop("high"),
    "YELLOW": gettext_noop("medium"),
    "RED": gettext_noop("low"),
    "UNKNOWN": gettext_noop("not known yet"),
}
SECURITY: Final = {
    "PIN_RESET_REQUEST": Words(
        "security",
        gettext_noop("Somebody asked to turn off the number's PIN. If it was none of you, change it at once."),
        True,
    ),
    "PIN_RESET_SUCCESS": Words("security", gettext_noop("The number's PIN was turned off.")),
    "PIN_CHANGED": Words("security", gettext_noop("The number's PIN was changed.")),
}
_EDIT: Final = gettext_noop("Change it in WhatsApp Manager, or use another.")
TEMPLATES: Final = {
    "APPROVED": Words("template", "approved"),
    "REINSTATED": Words("template", gettext_noop("approved again")),
    "PENDING": Words("template", gettext_noop("waits for Meta's review")),
    "IN_APPEAL": Words("template", gettext_noop("waits for Meta's second review")),
    "REJECTED": Words("template", "rejected", True, _EDIT),
    "PAUSED": Words("template", gettext_noop("paused because of low quality; messages with it fail"), True, _EDIT),
    "DISABLED": Words("template", gettext_noop("disabled because of low quality; messages with it fail"), True, _EDIT),
    "LOCKED": Words("template", gettext_noop("locked; messages with it fail"), True, _EDIT),
    "FLAGGED": Words("template", gettext_noop("will be disabled soon because of low quality"), True, _EDIT),
    "DELETED": Words("template", "deleted"),
    "PENDING_DELETION": Words("template", gettext_noop("will be deleted")),
}
# Statuses as Meta's list of templates has them; other events do not change the status.
TEMPLATE_STATUSES: Final = {
    "REINSTATED": "APPROVED",
    **{name: name for name in ("APPROVED", "PENDING", "IN_APPEAL", "REJECTED", "PAUSED", "DISABLED")},
    **{name: name for name in ("DELETED", "PENDING_DELETION", "ARCHIVED")},
}
REFUSALS: Final = frozenset(("REJECTED", "DECLINED", "EXPIRED"))
_RESTRICTIONS: Final = {
    "RESTRICTED_BIZ_INITIATED_MESSAGING": gettext_noop("may not start conversations: templates fail"),
    "RESTRICTED_CUSTOMER_INITIATED_MESSAGING": gettext_noop("may not answer customers"),
    "RESTRICTED_ADD_PHONE_NUMBER_ACTION": gettext_noop("may not add numbers"),
    "RESTRICTED_BUSINESS_INITIATED_CALLING": gettext_noop("may not call customers"),
    "RESTRICTED_USER_INITIATED_CALLING": gettext_noop("may not be called by customers"),
}
_TIER: Final = re.compile(r"TIER_([0-9]+)(K?)")


def restriction(kind: str) -> str:
    """Return the sentence for a restriction."""
    allowed = _RESTRICTIONS.get(kind) or gettext_noop("is restricted (%(value)s)") % {
        "value": plain(kind) or gettext_noop("Meta does not say how")
    }
    return gettext_noop("The account %(allowed)s. See Business Support Home.") % {"allowed": allowed}


def violation(kind: str) -> str:
    """Return the sentence for a violation of Meta's policy."""
    if not kind:
        return gettext_noop("Meta says that the account violates its policy. More of it leads to restrictions.")
    return gettext_noop(
        "Meta says that the account violates its policy: %(kind)s. More of it leads to restrictions."
    ) % {"kind": plain(kind)}


def category(name: str, now: str, soon: str) -> str:
    """Return the sentence for a template's category; `soon`: the one that it will have, or ""."""
    values = {"name": name, "now": now, "soon": soon}
    if not soon:
        text = gettext_noop("Template %(name)s is in the category %(now)s: the price of its messages may change.")
        return text % values
    text = gettext_noop(
        "Template %(name)s is in the category %(now)s and will be %(soon)s: the price of its messages may change."
    )
    return text % values


def limit(word: str) -> str:
    """Return in words to how many customers a day a number may write first: "1000 customers a day"."""
    if found := _TIER.fullmatch(word):
        word = found[1] + ("000" if found[2] else "")
    if word.isdigit():
        return gettext_noop("%(word)s customers a day") % {"word": word}
    return (
        gettext_noop("any number of customers a day") if word in ("TIER_UNLIMITED", "UNLIMITED", "-1") else plain(word)
    )


def reason(word: str) -> str:
    """Return a reason, or ""."""
    return "" if word in ("", "NONE") else plain(word)


def plain(word: str) -> str:
    """Return one of Meta's constants as words: LOW_QUALITY is "low quality". Sentences stay as they are."""
    return word.replace("_", " ").strip().lower() if word.isupper() or "_" in word else word
