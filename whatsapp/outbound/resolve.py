"""What people decide about messages that went out, where no machine can know or should."""

from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from conversations.models import Customer, Message
from whatsapp.outbound.enqueue import MessageContent, Queued, reply

Status = Message.Status
SENT_AGAIN = "Nobody knew whether this was sent; it was sent again as a new message."
# In the extras of a message that was sent again: the new one.
_SENT_AGAIN_AS = "sent_again_as"


class TooLate(Exception):
    """Somebody, or a report of the provider's, was faster; says what the message is by now."""


def say_it_arrived(*, message: Message) -> None:
    """Settle an unknown message: the customer has it. Opens the transaction. Raises TooLate."""
    with transaction.atomic():
        _locked(message, Status.UNKNOWN)
        Message.objects.filter(pk=message.pk).update(status=Status.SENT, error="", updated_at=Now())


def send_again(*, message: Message) -> Queued:
    """Queue the same once more, as a message of its own: what became of the first stays to be read.

    An unknown one counts as failed from then on, unless a report proves that it arrived. Opens the transaction. Raises
    TooLate, and what sending.reply raises.
    """
    with transaction.atomic():
        row = _locked(message, Status.UNKNOWN, Status.FAILED)
        if not can_be_sent_again(row):
            raise TooLate("This message has been sent again already.")
        template = row.extras.get("template")
        queued = reply(
            user_id=row.user_id,
            conversation_id=row.conversation_id,
            message=MessageContent(content=row.content, template=template),
        )
        if row.status == Status.UNKNOWN:
            row.status, row.error = Status.FAILED, SENT_AGAIN
        row.extras = {**row.extras, _SENT_AGAIN_AS: str(queued.message_id)}
        row.save(update_fields=["status", "error", "extras", "updated_at"])
        return queued


def can_be_sent_again(message: Message) -> bool:
    """Texts and templates of ours, which did not arrive or perhaps did not, and only once."""
    is_ours = message.direction == Message.Direction.OUT and message.kind in ("text", "template")
    return is_ours and message.status in (Status.UNKNOWN, Status.FAILED) and _SENT_AGAIN_AS not in message.extras


def _locked(message: Message, *states: str) -> Message:
    """The row as it is now, after its customer's: see Note [Lock order] in leads/services/create.py."""
    owner: UUID = message.conversation.customer_id
    list(Customer.objects.filter(pk=owner).select_for_update(no_key=True).values_list("pk"))
    row = Message.objects.select_for_update(no_key=True).get(pk=message.pk)
    if row.status not in states:
        raise TooLate(f"This message is {row.get_status_display().lower()} by now.")
    return row
