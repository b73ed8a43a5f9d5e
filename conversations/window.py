"""The customer service window: for so long after a customer wrote or called, a business may write what it likes."""

from datetime import datetime, timedelta
from typing import Final

WINDOW: Final = timedelta(hours=24)


def window_end(last_inbound_at: datetime | None, *, now: datetime) -> datetime | None:
    """Until when the window is open; None where it is closed."""
    end = last_inbound_at + WINDOW if last_inbound_at else None
    return end if end and end > now else None
