"""The handling of each of Meta's errors, by its code (Meta, WhatsApp, Error codes: titles may change).

The same codes occur in responses and in statuses. Codes that are not listed: retried where Meta calls them transient
or the status is from 500, otherwise permanent.
"""

from collections.abc import Callable
from typing import Final

from django.utils.translation import gettext_noop

from whatsapp.outbound.outcomes import Failed, Outcome, Retry, Stopped
from whatsapp.outbound.retries import A_FEW_TIMES, BACK_OFF, CALL_LIMIT, MAINTENANCE, PAIR_RATE, THROUGHPUT, Schedule

# The number's id exists no more, or the token may not see it: as a code, or as the subcode of code 100.
UNKNOWN_NUMBER: Final = 33

Rule = Callable[[str], Outcome]


def _again(schedule: Schedule) -> Rule:
    return lambda reason: Retry(reason, schedule)


def _stop(reason: str) -> Outcome:
    return Stopped(reason)


def _opted_out(reason: str) -> Outcome:
    return Failed(reason, opts_out=True)


def _stop_and_fail(reason: str) -> Outcome:
    return Stopped(reason, fails=True)


_RULES: Final[tuple[tuple[Rule, tuple[int, ...]], ...]] = (
    # The token, the number's id, a permission, the registration, payment, a block: every message of the number would
    # fail.
    (_stop, (0, 190, UNKNOWN_NUMBER, 3, 10, *range(200, 300), 131005)),
    (_stop, (131037, 131045, 133006, 133010)),
    (_stop, (131042, 134011)),
    (_stop, (368, 131031)),
    # Messages were reported as spam; Meta asks to wait some hours. Where this one stayed first in the queue, it would
    # stop the number again as soon as staff resume it.
    (_stop_and_fail, (131048,)),
    # The business may not write to people in this country; it can write to others once staff have resumed the number.
    (_stop_and_fail, (130497,)),
    (_opted_out, (131050,)),
    (_again(A_FEW_TIMES), (1, 131000)),
    (_again(BACK_OFF), (2, 17, 341, 613, 131016, 133004)),
    (_again(CALL_LIMIT), (4, 80007, 131064, 133008, 133009, 133015, 133016)),
    (_again(THROUGHPUT), (130429,)),
    (_again(MAINTENANCE), (131057,)),
    (_again(PAIR_RATE), (131056,)),
)
_BY_CODE: Final = {code: rule for rule, codes in _RULES for code in codes}

_NEW_TOKEN: Final = gettext_noop("Store a new access token at the number.")
_NEW_PERMISSION: Final = gettext_noop(
    "Give the token the permission whatsapp_business_messaging, or store one that has it."
)
# The next step, where Meta's text does not name it.
ADVICE: Final = {
    0: _NEW_TOKEN,
    190: _NEW_TOKEN,
    **dict.fromkeys((3, 10, 131005), _NEW_PERMISSION),
    UNKNOWN_NUMBER: gettext_noop("Meta does not know this number's id, or the token may not use it: check both."),
    368: gettext_noop("Meta has blocked the account for a time: see Business Support Home."),
    130403: gettext_noop("Your business has blocked this customer."),
    130472: gettext_noop("Meta keeps marketing from this customer for an experiment; they can write first."),
    130497: gettext_noop("Meta does not let this business write to customers in that country."),
    131030: gettext_noop("A test number writes only to the recipients on its list: add this one there."),
    131031: gettext_noop("Meta has locked the account: see Business Support Home."),
    131037: gettext_noop("Meta has not approved the number's display name yet."),
    131042: gettext_noop("Settle payment in Meta's Billing Hub."),
    131045: gettext_noop("The number is not registered: register it at Meta."),
    131047: gettext_noop(
        "The customer wrote last more than 24 hours ago: send an approved template, or wait until they write."
    ),
    131048: gettext_noop("Meta limits this number because of spam reports: wait some hours, then resume sending."),
    131050: gettext_noop("The customer has opted out of marketing from you."),
    131056: gettext_noop("Too many messages to this one customer in a short time."),
    131062: gettext_noop("This template needs a phone number; the customer has shown only a user id."),
    132001: gettext_noop("There is no approved template of this name in this language."),
    132015: gettext_noop("Meta has paused this template for its quality: change it at Meta."),
    133010: gettext_noop("The number is not registered: register it at Meta."),
    134011: gettext_noop("Accept WhatsApp's payment terms at Meta."),
}


def outcome_of_error(code: int | None, reason: str, *, is_servers: bool) -> Outcome:
    """Return the outcome of an error. `is_servers`: Meta calls it transient, or the status is from 500."""
    rule = _BY_CODE.get(code) if code is not None else None
    if rule is not None:
        return rule(reason)
    return Retry(reason) if is_servers else Failed(reason)


def schedule_of(code: int) -> Schedule | None:
    """When a message is sent again that failed with this error, reported by a status; None where it is not."""
    outcome = _outcome(code)
    return outcome.schedule if isinstance(outcome, Retry) else None


def stops_the_number(code: int) -> bool:
    """Whether the error of one message, reported by a status, means that all messages of the number will fail."""
    return isinstance(_outcome(code), Stopped)


def says_opted_out(code: int) -> bool:
    """Whether a message failed with this error because the customer has opted out of marketing."""
    outcome = _outcome(code)
    return isinstance(outcome, Failed) and outcome.opts_out


def _outcome(code: int) -> Outcome | None:
    rule = _BY_CODE.get(code)
    return rule("") if rule else None


def with_advice(code: int | None, reason: str) -> str:
    """Return the reason with advice, if there is any."""
    advice = ADVICE.get(code) if code is not None else None
    if not advice:
        return reason
    return f"{reason if reason.endswith(('.', '!', '?')) else f'{reason}.'} {advice}"
