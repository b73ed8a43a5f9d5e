"""The chooser of templates in a chat, in a browser without scripts."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from conversations.models import Conversation, Customer, Message
from tests.factories import Business
from tests.leadsite.inbox.chats import answers, asks, says
from tests.staff import ESCAPED, HOSTILE, Staff, member_of, staff_of
from whatsapp.models import Channel, MessageTemplate

INBOX = "/admin/inbox/"
READY = [
    {"type": "HEADER", "format": "TEXT", "text": "Order {{1}}"},
    {"type": "BODY", "text": "Hello {{1}}, your {{2}} is ready"},
    {"type": "FOOTER", "text": "Bakery"},
    {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Thanks"}]},
]
FILLED = {"field:header.1": "12", "field:body.1": "Amina", "field:body.2": "cake"}
NOW = timezone.now


@pytest.fixture
def person(owner: Business) -> Staff:
    return staff_of(owner)


@pytest.fixture
def channel(owner: Business) -> Channel:
    return Channel.objects.create(user=owner.user, phone_number_id="106540352242922", waba_id="1")


def template_of(business: Business, name: str = "cake_ready", **fields: Any) -> MessageTemplate:
    known = {"waba_id": "1", "language": "en_US", "category": "utility", "status": "approved", "components": READY}
    return MessageTemplate.objects.create(user=business.user, name=name, status_at=NOW(), **(known | fields))


def late(owner: Business, channel: Channel) -> Conversation:
    """A chat whose window has closed."""
    chat = asks(owner, "Amina")
    old = NOW() - timedelta(hours=25)
    Message.objects.filter(conversation=chat).update(channel_id=channel.pk, sort_at=old, provider_time=old)
    return chat


def page_of(person: Staff, path: str) -> str:
    response = person.get(path)
    assert response.status_code == 200
    return str(response.content.decode())


def post(person: Staff, chat: Conversation, **form: str) -> Any:
    return person.client.post(f"{INBOX}{chat.pk}/template/", form)


def test_they_are_offered_at_once_when_the_window_is_closed(owner: Business, person: Staff, channel: Channel):
    template_of(owner)
    assert 'value="cake_ready' not in page_of(person, f"{INBOX}{asks(owner, 'Ben').pk}/")
    page = page_of(person, f"{INBOX}{late(owner, channel).pk}/")
    assert "and accepts a template" in page
    assert '<bdi class="foreign">cake_ready</bdi>' in page
    assert "English (en_US)" in page


def test_at_any_time_by_a_button(owner: Business, person: Staff, channel: Channel):
    template_of(owner)
    chat = asks(owner, "Amina")
    says(chat, "And?", channel_id=channel.pk)
    assert "cake_ready" not in page_of(person, f"{INBOX}{chat.pk}/")
    assert f'href="{INBOX}{chat.pk}/template/?tab=waiting"' in page_of(person, f"{INBOX}{chat.pk}/")
    assert "cake_ready" in page_of(person, f"{INBOX}{chat.pk}/template/")


def test_found_by_name_text_and_language(owner: Business, stranger: Business, person: Staff, channel: Channel):
    template_of(owner)
    template_of(owner, "cake_ready", language="de", components=[{"type": "BODY", "text": "Torte fertig"}])
    template_of(owner, "holiday", components=[{"type": "BODY", "text": "Wir haben zu"}])
    template_of(owner, "elsewhere", waba_id="2")
    template_of(stranger, "secret")
    chat = late(owner, channel)

    def found(**form: str) -> list[tuple[str, str]]:
        listed = post(person, chat, **form).context["chooser"].listed
        return [(one.template.name, one.template.language) for one in listed]

    assert found() == [("cake_ready", "de"), ("cake_ready", "en_US"), ("holiday", "en_US")]
    assert found(find="cake ready") == [("cake_ready", "de"), ("cake_ready", "en_US")]
    assert found(find="TORTE") == [("cake_ready", "de")]
    assert found(language="en_US", find="zu") == [("holiday", "en_US")]
    assert found(find="%") == []
    assert found(find="x\0y") == []


def test_fields_have_labels_and_the_preview_is_what_the_customer_sees(owner: Business, person: Staff, channel: Channel):
    chat, template = late(owner, channel), template_of(owner)
    chosen = post(person, chat, choose=str(template.pk))
    page = chosen.content.decode()
    assert "Text 1 in the header" in page
    assert "Hello {{1}}, your {{2}} is ready" in page
    filled = post(person, chat, template=str(template.pk), **FILLED)
    assert [(part.kind, part.text) for part in filled.context["chooser"].preview] == [
        ("header", "Order 12"),
        ("body", "Hello Amina, your cake is ready"),
        ("footer", "Bakery"),
        ("buttons", "[Thanks]"),
    ]
    assert not Message.objects.filter(direction="out").exists()


def test_the_script_reads_the_form_alone_and_sends_by_it(owner: Business, person: Staff, channel: Channel):
    chat, template = late(owner, channel), template_of(owner)
    path, script = f"{INBOX}{chat.pk}/template/", {"X-Inbox": "1"}
    newest = f'name="shown" value="{chat.messages.get().pk}"'
    for form in ({}, {"choose": str(template.pk)}):
        page = person.client.post(path, form, headers=script).content.decode()
        assert page.lstrip().startswith("<form")
        assert newest in page
    assert "cake_ready" in person.client.get(path, headers=script).content.decode()
    form = {"template": str(template.pk), "send": "1"}
    refused = person.client.post(path, form, headers=script)
    assert (refused.status_code, refused.headers["X-Inbox-Status"]) == (200, "422")
    assert "Text 2: fill this in." in refused.content.decode()
    sent = person.client.post(path, form | FILLED, headers=script)
    assert sent.headers["X-Inbox-Status"] == "200"
    assert "Hello Amina, your cake is ready" in sent.content.decode()


def test_it_is_sent_as_it_was_previewed(owner: Business, person: Staff, channel: Channel):
    chat, template = late(owner, channel), template_of(owner)
    sent = post(person, chat, template=str(template.pk), send="1", tab="all", **FILLED)
    assert (sent.status_code, sent.headers["Location"]) == (302, f"{INBOX}{chat.pk}/?tab=all#reply")
    message = Message.objects.get(direction="out")
    assert message.content == "Order 12\n\nHello Amina, your cake is ready\n\nBakery\n\n[Thanks]"
    assert (message.author_id, message.channel_id, message.kind) == (owner.id, channel.pk, "template")
    texts = [[one["text"] for one in part["parameters"]] for part in message.extras["template"]["components"]]
    assert texts == [["12"], ["Amina", "cake"]]


def test_missing_fields_are_named_and_nothing_is_sent(owner: Business, person: Staff, channel: Channel):
    chat, template = late(owner, channel), template_of(owner)
    refused = post(person, chat, template=str(template.pk), send="1", **(FILLED | {"field:body.2": "  "}))
    assert refused.status_code == 422
    page = refused.content.decode()
    assert "Not sent: fill in what is marked." in page
    assert "Text 2: fill this in." in page
    assert 'value="Amina"' in page
    assert post(person, chat, send="1").status_code == 422
    assert not Message.objects.filter(direction="out").exists()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("paused", "Meta has paused"),
        ("rejected", "Meta has rejected"),
        ("pending", "not approved"),
        ("disabled", "for good"),
    ],
)
def test_templates_that_cannot_be_sent_say_why(
    owner: Business, person: Staff, channel: Channel, status: str, words: str
):
    chat, template = late(owner, channel), template_of(owner, status=status)
    assert status.capitalize() in page_of(person, f"{INBOX}{chat.pk}/")
    refused = post(person, chat, template=str(template.pk), send="1", **FILLED)
    assert refused.status_code == 422
    assert words in refused.content.decode()
    # The same by the API, and where its state changed after the page was loaded.
    components = [{"type": "body", "parameters": [{"type": "text", "text": "x"}]}]
    asked = {"template": {"name": template.name, "language": "en_US", "components": components}}
    answer = owner.client.post(f"/api/conversations/{chat.pk}/messages", asked, format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["template"])
    assert words in answer.json()["error"]
    assert not Message.objects.filter(direction="out").exists()


def test_marketing_is_refused_for_who_wants_none(owner: Business, person: Staff, channel: Channel):
    chat, template = late(owner, channel), template_of(owner, category="marketing")
    Customer.objects.update(marketing_opted_out_at=Now(), marketing_choice_at=Now())
    refused = post(person, chat, template=str(template.pk), send="1", **FILLED)
    assert refused.status_code == 422
    assert "wants no marketing" in refused.content.decode()
    assert not Message.objects.filter(direction="out").exists()
    other = template_of(owner, "utility")
    assert post(person, chat, template=str(other.pk), send="1", **FILLED).status_code == 302


def test_who_answers_second_is_warned(owner: Business, person: Staff, channel: Channel):
    chat, template = late(owner, channel), template_of(owner)
    shown = str(chat.messages.get().pk)
    answers(chat, "Already done")
    form = FILLED | {"template": str(template.pk), "shown": shown}
    warned = post(person, chat, send="1", **form)
    assert warned.status_code == 409
    assert "has answered meanwhile, and nothing of yours was sent yet: “Already done”" in warned.content.decode()
    assert post(person, chat, anyway="1", **form).status_code == 302


def test_twilio_sends_by_content_sid(owner: Business, person: Staff, channel: Channel):
    Channel.objects.update(provider="twilio", phone_number_id="+14155238886")
    chat = late(owner, channel)
    page = page_of(person, f"{INBOX}{chat.pk}/")
    assert "Content SID" in page
    assert post(person, chat, send="1", content_sid="HX1").status_code == 422
    sid = "HX" + "ab" * 16
    assert post(person, chat, send="1", content_sid=sid, variables="Amina\r\nday: Friday").status_code == 302
    template = Message.objects.get(direction="out").extras["template"]
    assert template["content_sid"] == sid
    assert template["components"][0]["parameters"] == [
        {"type": "text", "text": "Amina"},
        {"type": "text", "parameter_name": "day", "text": "Friday"},
    ]


def test_nobody_else_and_no_viewer(owner: Business, stranger: Business, channel: Channel):
    chat, theirs = late(owner, channel), template_of(stranger)
    form = {"template": str(theirs.pk), "send": "1", **FILLED}
    assert post(staff_of(owner), chat, **form).status_code == 422
    assert post(staff_of(stranger), chat, **form).status_code == 404
    viewer = member_of(owner, "viewer")
    assert post(viewer, chat, **form).status_code == 403
    assert "template-box" not in page_of(viewer, f"{INBOX}{chat.pk}/")
    assert not Message.objects.filter(direction="out").exists()


def test_what_is_typed_and_listed_is_escaped(owner: Business, person: Staff, channel: Channel):
    chat = late(owner, channel)
    template = template_of(owner, components=[{"type": "BODY", "text": HOSTILE + "{{1}}"}])
    for form in ({}, {"template": str(template.pk), "field:body.1": HOSTILE}, {"find": HOSTILE}):
        page = post(person, chat, **form).content.decode()
        assert "<script>alert" not in page
        assert ESCAPED in page


def test_they_are_read_again_on_request(owner: Business, person: Staff, channel: Channel, settings: Any):
    settings.WHATSAPP_BACKEND = "cloud"
    chat = late(owner, channel)
    back = f"{INBOX}{chat.pk}/"
    for _ in range(2):
        asked = person.client.post(f"{INBOX}templates/refresh/", {"back": back})
        assert (asked.status_code, asked.headers["Location"]) == (302, back)
    job = ProcrastinateJob.objects.get(task_name="whatsapp.tasks.refresh_templates_of")
    assert job.args == {"user_id": str(owner.id)}
    elsewhere = person.client.post(f"{INBOX}templates/refresh/", {"back": "https://evil.example/"})
    assert elsewhere.headers["Location"] == INBOX
    Channel.objects.update(templates_error="Meta answered 403: no permission")
    assert "Meta answered 403: no permission" in page_of(person, back)
