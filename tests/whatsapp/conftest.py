from collections.abc import Iterator
from typing import Any

import pytest

from tests.factories import Business
from tests.whatsapp.graph import Graph, graph_api
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import NEW_TOKEN, Mailing
from tests.whatsapp.provider_files import Files, provider_files
from tests.whatsapp.template_list import TemplateList, template_list
from tests.whatsapp.views import Views


@pytest.fixture
def inbox(owner: Business) -> Inbox:
    """The owner's WhatsApp number."""
    return Inbox(owner)


@pytest.fixture
def graph(settings: Any) -> Iterator[Graph]:
    """A stub of Meta's API, to which this process sends."""
    with graph_api() as running:
        settings.WHATSAPP_BACKEND = "cloud"
        settings.WHATSAPP_API_BASE_URL = settings.TWILIO_API_BASE_URL = running.address
        yield running


@pytest.fixture
def mailing(owner: Business, graph: Graph) -> Mailing:
    """The owner, who sends through a number at Meta."""
    return Mailing(owner, graph)


@pytest.fixture
def templates(settings: Any) -> Iterator[TemplateList]:
    """A stub of Meta's list of templates, which this process reads."""
    with template_list() as running:
        settings.WHATSAPP_BACKEND = "cloud"
        settings.WHATSAPP_API_BASE_URL = running.address
        yield running


@pytest.fixture
def provider(settings: Any) -> Iterator[Files]:
    """A stub of the providers' files, from which this process fetches."""
    with provider_files() as running:
        settings.WHATSAPP_BACKEND = "cloud"
        settings.WHATSAPP_API_BASE_URL = settings.TWILIO_API_BASE_URL = running.address
        yield running


@pytest.fixture
def revoked(mailing: Mailing) -> Mailing:
    """Meta has revoked the token, and three messages are queued."""
    mailing.graph.tokens = {NEW_TOKEN}
    for number in range(3):
        mailing.writes(f"message {number}", to=f"+4915100000{number:03}")
    return mailing


@pytest.fixture
def views(inbox: Inbox) -> Views:
    """Where the messages of the owner's number are seen."""
    return Views(inbox.business)
