"""Services for decisions of staff about outgoing messages: an unknown one arrived, or one is sent again."""

from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from conversations.models import SETTLED, Customer, Message
from conversations.services.change import NO_CONVERSATION, UnknownConversation
from leadsite.core.transactions import retried
from whatsapp.media.attachments import copied, has_file
from whatsapp.outbound.enqueue import MessageContent, Queued, reply

Status = Message.Status
SENT_AGAIN = gettext_noop("It was not known whether this was sent, so it was sent again as a new message.")
# Key in the extras of a message that was sent again: the id of the new one.
_SENT_AGAIN_AS = "sent_again_as"


class TooLate(Exception):
    """The message's status has changed in the meantime. The error's text names it."""


@retried
def mark_as_sent(*, message: Message) -> None:
    """Set an unknown message to sent. Opens the transaction. Raises TooLate, UnknownConversation."""
    with transaction.atomic():
        _locked(message, Status.UNKNOWN)
        Message.objects.filter(pk=message.pk).update(status=Status.SENT, error="", updated_at=Now())


@retried
def send_again(*, message: Message, author_id: UUID | None = None) -> Queued:
    """Queue the same content as a new message of this person; the first one stays as a record.

    An unknown one becomes failed, unless a later report proves that it arrived. A file is copied: that of the first one
    is deleted with it. Opens the transaction. Raises TooLate, and what enqueue.reply raises.
    """
    # Two people may press the button at the same moment: the second finds that it was sent again, and the second copy
    # of the file is deleted.
    with copied(message) as media, transaction.atomic():
        row = _locked(message, Status.UNKNOWN, Status.FAILED)
        if not can_be_sent_again(row):
            raise TooLate(gettext_noop("This message has been sent again already."))
        template = row.extras.get("template")
        content = MessageContent(content=row.content, template=template, media=media, author_id=author_id)
        queued = reply(user_id=row.user_id, conversation_id=row.conversation_id, message=content)
        if row.status == Status.UNKNOWN:
            row.status, row.error = Status.FAILED, SENT_AGAIN
        row.extras = {**row.extras, _SENT_AGAIN_AS: str(queued.message_id), SETTLED: "sent again"}
        row.save(update_fields=["status", "error", "extras", "updated_at"])
        return queued


@retried(operation="leave undelivered message")
def leave(*, message: Message) -> None:
    """Note that nothing more is to be done about a failed or unknown message. Opens the transaction. Raises TooLate,
    UnknownConversation.
    """
    with transaction.atomic():
        # A report may arrive at the same moment, or somebody send it again: both lock the message's row.
        row = _locked(message, Status.UNKNOWN, Status.FAILED)
        row.extras = {SETTLED: "left", **row.extras}
        row.save(update_fields=["extras", "updated_at"])


def can_be_sent_again(message: Message) -> bool:
    """Whether it is an outgoing text, file or template that is failed or unknown and was not sent again before."""
    is_ours = message.direction == Message.Direction.OUT and (message.kind in ("text", "template") or has_file(message))
    return is_ours and message.status in (Status.UNKNOWN, Status.FAILED) and _SENT_AGAIN_AS not in message.extras


def _locked(message: Message, *states: str) -> Message:
    """Lock customer and message, return the current row. See Note [Lock order] in leads/services/create.py."""
    # Not message.conversation.customer_id: the customer may have been merged into another since that was read.
    if not Customer.objects.lock_owner_of(user_id=message.user_id, conversations__messages=message.pk):
        raise UnknownConversation(NO_CONVERSATION)
    row = Message.objects.select_for_update(no_key=True).get(pk=message.pk)
    if row.status not in states:
        raise TooLate(
            gettext_noop("The status of this message is now %(get_status_display)s.")
            % {"get_status_display": row.status}
        )
    return row
