"""Templates as staff and programs see them: their text, with what a message puts into it, until the customer has it."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Message
from tests.cases import each_case
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA, Mailing
from tests.whatsapp.message_templates.test_rendering import ORDER, SENT
from tests.whatsapp.template_list import WABA, listed
from tests.whatsapp.views import Views
from whatsapp.message_templates.sync import sync_templates
from whatsapp.models import Channel

AMINAS: list[dict[str, Any]] = [
    {"type": "body", "parameters": [{"type": "text", "text": "Amina"}, {"type": "text", "text": "cake"}]}
]
NAMED = [{"type": "body", "parameters": [{"type": "text", "parameter_name": "day", "text": "Saturday"}]}]
TEMPLATES = [
    listed(),
    listed(text="Hallo {{1}}, dein {{2}} ist fertig", language="de"),
    listed("plain", "We are open again"),
    listed("named", "See you on {{day}}"),
    listed("order", components=ORDER),
]
# What is sent -> its text in the thread.
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "with parameters": (
        {"name": "cake_ready", "language": "en_US", "components": AMINAS},
        "Hello Amina, your cake is ready",
    ),
    "in another language": (
        {"name": "cake_ready", "language": "de", "components": AMINAS},
        "Hallo Amina, dein cake ist fertig",
    ),
    "without parameters": ({"name": "plain", "language": "en_US"}, "We are open again"),
    "with a named parameter": ({"name": "named", "language": "en_US", "components": NAMED}, "See you on Saturday"),
    "with header, footer and buttons": (
        {"name": "order", "language": "en_US", "components": SENT},
        "Your order #77\n\nThank you, Amina! It comes on Saturday.\n\nBella's Bakery\n\n"
        "[Track it] https://bakery.example/track/A77\n[Call us] +4930123456\n[Stop promotions]\n"
        "[Copy offer code] CAKE10",
    ),
    "that is not known": (
        {"name": "unknown_one", "language": "en_US", "components": AMINAS},
        "unknown_one: Amina, cake",
    ),
    "in a language that is not known": (
        {"name": "cake_ready", "language": "fr", "components": AMINAS},
        "cake_ready: Amina, cake",
    ),
}


@pytest.fixture
def views(owner, mailing: Mailing, templates, graph, settings) -> Views:
    """Templates are read from their stub first, then messages go to that of messages."""
    Channel.objects.update(waba_id=WABA)
    templates.accounts[WABA] = TEMPLATES
    sync_templates()
    settings.WHATSAPP_API_BASE_URL = graph.address
    return Views(owner)


@each_case(("case", "template", "text"), [(name, *case) for name, case in CASES.items()])
def test_the_text_of_a_template_that_is_sent(mailing, owner, views, case, template, text):
    answer = mailing.post(to=AMINA, template=template)
    assert answer.status_code == 202, answer.json()
    Channel.objects.update(paced_until=None)
    mailing.send_due()
    row = Message.objects.get()
    for state in ("delivered", "read"):
        Inbox(owner).gets_statuses(meta.status(state, id=row.provider_id))
    seen = views.seen()
    assert seen.rows == seen.api == [f"out template: {text}"]
    assert seen.page == [f"Template / {template['name']} / {text} [Read]"]
    assert seen.events == [f"message.status: {text} ({state})" for state in ("sent", "delivered", "read")]


def test_a_quote_of_a_template_has_its_text(mailing, owner, views):
    template, text = CASES["with parameters"]
    mailing.post(to=AMINA, template=template)
    mailing.send_due()
    quoted = {"context": {"id": Message.objects.get().provider_id}}
    Inbox(owner).gets(meta.text("Great", from_=AMINA[1:], timestamp=None, **quoted))
    assert views.page(Conversation.objects.get())[1] == f"“{text}” / Great"
    assert views.events()[-2:] == ["message.received: Great", "lead.created: Great"]


@each_case(("case", "template", "text"), [(name, *case) for name, case in CASES.items()])
def test_the_text_of_a_template_that_another_program_has_sent(mailing, owner, views, case, template, text):
    # Where the account of the number is not known yet, a template of any of its accounts is taken.
    Channel.objects.update(waba_id="" if case == "with parameters" else WABA)
    sent = template | {"language": {"code": template["language"]}}
    echo = meta.message("template", sent, from_=meta.BUSINESS, to=AMINA[1:])
    Inbox(owner).gets_change("smb_message_echoes", message_echoes=[echo])
    rows, page, api, events = views.seen()
    assert rows == api == [f"out template: {text}"]
    assert page == [f"Template / {template['name']} / {text} [from the phone] [Sent]"]
    assert events == []


@each_case("odd", [None, [], "cake_ready", {"name": 5, "language": "de"}, {"name": "cake_ready", "components": 5}])
def test_a_template_of_another_shape_is_a_row(mailing, owner, views, odd):
    echo = meta.message("template", odd, from_=meta.BUSINESS, to=AMINA[1:])
    assert Inbox(owner).gets_change("smb_message_echoes", message_echoes=[echo]).state == "processed"
    assert Message.objects.get().kind == "template"


def test_the_number_of_statements_does_not_depend_on_the_number_of_templates(mailing, owner, views):
    counts = []
    for size in (2, 40):
        echoes = [
            meta.message("template", {"name": "plain", "language": {"code": "en_US"}}, from_=meta.BUSINESS, to=number)
            for number in (str(4915100000000 + size * 100 + n) for n in range(size))
        ]
        with CaptureQueriesContext(connection) as queries:
            Inbox(owner).gets_change("smb_message_echoes", message_echoes=echoes)
        counts.append(len(queries))
    assert set(Message.objects.values_list("content", flat=True)) == {"We are open again"}
    assert counts[0] == counts[1]


def test_a_template_of_another_business_is_not_read(mailing, stranger, views):
    echo = meta.message("template", {"name": "plain", "language": {"code": "en_US"}}, from_=meta.BUSINESS, to=AMINA[1:])
    Inbox(stranger, channel="222").gets_change("smb_message_echoes", message_echoes=[echo])
    assert Message.objects.get().content == "plain"
