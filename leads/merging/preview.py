"""What a merge would do, for the page that asks. Reads only."""

from dataclasses import dataclass

from conversations.models import Conversation, Customer, Message
from leads.models import Lead


@dataclass(frozen=True, slots=True)
class Preview:
    """What moves from one customer to the other, and what becomes of the numbers.

    `joins`: both have an active chat, and these become one. `queued`: messages that wait to be sent to the other's
    number. `gives_up`: identifiers of the other that nobody has afterwards; `gets`: those that fill a blank.
    """

    conversations: int
    leads: int
    deleted: int
    messages: int
    queued: int
    joins: bool
    name: str
    gets: tuple[str, ...]
    gives_up: tuple[str, ...]


def preview_merge(*, source: Customer, target: Customer) -> Preview:
    """Return what a merge of the source into the target would do now. A fixed number of statements."""
    threads = Conversation.objects.filter(customer=source)
    active = Conversation.objects.filter(customer__in=[source, target], status=Conversation.Status.ACTIVE)
    leads = Lead.all_objects.filter(conversation__customer=source)
    own = Message.objects.visible().filter(conversation__customer=source)
    identifiers = [(source.phone, target.phone), (source.whatsapp_user_id, target.whatsapp_user_id)]
    named = next((one.name for one in (target, source) if one.name and one.name != one.profile_name), "")
    return Preview(
        conversations=threads.count(),
        leads=leads.filter(deleted_at=None).count(),
        deleted=leads.exclude(deleted_at=None).count(),
        messages=own.count(),
        queued=own.filter(status=Message.Status.QUEUED).count(),
        joins=active.count() == 2,
        name=named or target.name or source.name,
        gets=tuple(given for given, has in identifiers if given and not has),
        gives_up=tuple(given for given, has in identifiers if given and has),
    )
