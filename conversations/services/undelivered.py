"""Service about messages that did not reach their customers. Caller holds the transaction."""

from collections.abc import Iterable, Sequence

from conversations.marketing import MarketingChoice, latest_choices
from conversations.message_status_order import FAILED
from conversations.models import Customer, Undelivered
from conversations.phone import key_of
from conversations.services.statuses import StatusReport
from leadsite.core.transactions import ConcurrentChange


def undelivered(statuses: Iterable[StatusReport]) -> list[Undelivered]:
    """Return the messages that these reports say have failed."""
    return [
        Undelivered(
            report.user_id,
            report.provider_id,
            report.message_id,
            report.at,
            report.provider_token,
            report.opts_out,
            key_of(report.recipient.phone) if report.recipient and report.opts_out else None,
            report.recipient.whatsapp_user_id if report.recipient and report.opts_out else None,
        )
        for report in statuses
        if report.status == FAILED
    ]


def lock_recipients(*, messages: Sequence[Undelivered]) -> None:
    """Lock the customers of these messages, before any message is locked; store that customers have opted out.

    Messages of customers who are not stored are ignored. No statement where there are none, otherwise two, and one more
    where customers have opted out. Raises django.db.Error; among them ConcurrentChange: the caller repeats the
    transaction.
    """
    if not messages:
        return
    found = list(zip(Customer.objects.recipients(messages), messages, strict=True))
    owners = {owner for owner, _ in found if owner}
    # The look-up locks nothing: in the meantime a customer may have been merged into another.
    if len(Customer.objects.lock(owners)) < len(owners):
        raise ConcurrentChange("A customer was merged into another at the same moment.")
    choices = ((owner, MarketingChoice(one.at, stops=True)) for owner, one in found if owner and one.opts_out)
    Customer.objects.write_marketing_choices(latest_choices(choices))
