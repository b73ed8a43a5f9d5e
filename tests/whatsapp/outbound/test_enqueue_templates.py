"""Templates as messages: their text in the row, the API, the thread and the event."""

import pytest

from conversations.admin.thread_entries import read_thread
from conversations.models import Conversation, Message
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA
from tests.whatsapp.template_list import WABA, listed
from whatsapp.message_templates.sync import sync_templates
from whatsapp.models import Channel, MessageTemplate

COMPONENTS = [{"type": "body", "parameters": [{"type": "text", "text": "Amina"}, {"type": "text", "text": "cake"}]}]
SENT = {"name": "cake_ready", "language": "en_US", "components": COMPONENTS}
WORDS = "Hello Amina, your cake is ready"


@pytest.fixture
def synchronised(mailing, templates):
    """Templates are read from their stub first, then messages go to that of messages."""
    Channel.objects.update(waba_id=WABA)
    templates.accounts[WABA] = [listed()]
    sync_templates()
    return mailing


def test_the_text_stands_in_the_row_the_api_the_reply_and_the_thread(synchronised):
    answer = synchronised.post(to=AMINA, template=SENT).json()
    assert Message.objects.get(pk=answer["message_id"]).content == WORDS
    thread = f"/api/conversations/{answer['conversation_id']}/messages"
    synchronised.post(thread, template=SENT)
    listed_messages = synchronised.business.client.get(thread).json()["results"]
    assert [one["content"] for one in listed_messages] == [WORDS, WORDS]
    assert synchronised.business.client.get(f"/api/messages/{answer['message_id']}").json()["content"] == WORDS
    first, _ = read_thread(Conversation.objects.get()).entries
    assert (first.chip, first.detail, first.text) == (("draft", "Template"), "cake_ready", WORDS)


def test_what_is_sent_to_meta_is_the_template(synchronised, settings, graph):
    settings.WHATSAPP_API_BASE_URL = graph.address
    synchronised.post(to=AMINA, template=SENT)
    synchronised.send_due()
    assert graph.ledger[0]["body"]["template"] == SENT | {"language": {"code": "en_US"}}


def test_a_template_that_is_not_known_is_its_name_and_parameters(mailing):
    mailing.post(to=AMINA, template=SENT)
    (entry,) = read_thread(Conversation.objects.get()).entries
    assert (entry.message.content, entry.detail) == ("cake_ready: Amina, cake", "cake_ready")


def test_the_account_that_a_delivery_names_is_used(owner, templates):
    """From the first delivery on, the list is read without anybody's help."""
    inbox = Inbox(owner)
    Channel.objects.update(encrypted_access_token="")
    channel = Channel.objects.get()
    channel.access_token = "EAAG"
    channel.save()
    inbox.gets(meta.text("Hello"))
    templates.accounts[WABA] = [listed()]
    sync_templates()
    assert MessageTemplate.objects.get().waba_id == WABA
