"""WhatsApp's customer service window: free-form messages are allowed for 24 hours after a customer wrote or called.

It belongs to a customer and one number of the business. Only the customer's own message or call to that number opens
it (an inbound message with `is_turn`, or a call, which is none once it was answered): not a message in a group, nor
imported history, a reaction, an edit or a deletion.
"""

from datetime import datetime, timedelta
from typing import Final

WINDOW: Final = timedelta(hours=24)


def window_end(last_inbound_at: datetime | None, *, now: datetime) -> datetime | None:
    """Return when the open window closes; None if it is closed."""
    end = last_inbound_at + WINDOW if last_inbound_at else None
    return end if end and end > now else None
