import pytest

from tests.factories import Business
from tests.whatsapp.inbox import Inbox


@pytest.fixture
def inbox(owner: Business) -> Inbox:
    """The owner's WhatsApp number."""
    return Inbox(owner)
