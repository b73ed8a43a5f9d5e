"""What a page says about a snoozed chat: until when it is out of the lists of work, or that it has come back."""

from typing import Any

from django.utils import timezone

from conversations.models import Conversation
from leadsite.core import clock
from leadsite.inbox.times import later_today, moment_words


def snoozed(conversation: Conversation) -> dict[str, Any]:
    """The context of inbox/snooze.html."""
    until = conversation.snoozed_until
    return {
        "snooze_words": moment_words(until) if until else "",
        "has_come_back": until is not None and until <= clock.now(),
        "later_today": f"{later_today(timezone.localtime(clock.now())):%H:%M}",
    }
