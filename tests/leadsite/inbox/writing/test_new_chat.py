"""Writing to a number from the inbox, in a browser without scripts."""

import re
from typing import Any

import pytest

from conversations.models import Conversation, Customer, Message
from leads.models import Lead
from leadsite.accounts.models import User
from leadsite.core import clock
from tests.factories import Business
from tests.leadsite.inbox.chats import answers, chat_of, says
from tests.leadsite.inbox.writing.test_templates import FILLED, channel, page_of, person, template_of  # noqa: F401
from tests.staff import ESCAPED, HOSTILE, Staff, member_of, person_of
from whatsapp.models import Channel

INBOX = "/admin/inbox/"
AMINA = "+4915123456789"
TEXT = {"to": AMINA, "kind": "text", "text": "Hello", "send": "1"}


@pytest.fixture
def staff(owner: Business, person: Staff, channel: Channel) -> Staff:  # noqa: F811 - fixtures
    return person


def post(staff: Staff, **form: str) -> Any:
    return staff.client.post(f"{INBOX}new/", form)


def test_a_button_leads_to_it(owner: Business, staff: Staff):
    assert f'href="{INBOX}new/?tab=waiting"' in page_of(staff, INBOX)
    page = page_of(staff, f"{INBOX}new/")
    assert 'name="to"' in page
    assert 'name="from"' not in page


def test_a_number_that_is_not_connected_at_all_is_not_offered(owner: Business, staff: Staff, channel: Channel):  # noqa: F811
    for digit, known in (("1", {"first_delivery_at": clock.now()}), ("2", {"first_sent_at": clock.now()}), ("3", {})):
        Channel.objects.create(user=owner.user, phone_number_id=digit, display_number=f"+49 30 {digit}", **known)
    page = page_of(staff, f"{INBOX}new/")
    assert [digit for digit in "123" if f"+49 30 {digit}</option>" in page] == ["1", "2"]


def test_a_template_to_a_new_number(owner: Business, staff: Staff):
    form = {"to": "0049 (0)151 234-56789", "name": "Amina", "template": str(template_of(owner).pk), **FILLED}
    shown = post(staff, **form)
    assert shown.status_code == 200
    assert "+4915123456789</bdi> is new here." in shown.content.decode()
    assert not Customer.objects.exists()
    sent = post(staff, send="1", **form)
    chat = Conversation.objects.get()
    assert (sent.status_code, sent.headers["Location"]) == (302, f"{INBOX}{chat.pk}/?tab=all")
    message = Message.objects.get()
    assert (message.conversation_id, message.author_id, message.kind) == (chat.pk, owner.id, "template")
    assert "Hello Amina, your cake is ready" in message.content
    assert (chat.customer.phone, chat.customer.name) == (AMINA, "Amina")
    assert not Lead.objects.exists()


def test_a_text_with_a_lead(owner: Business, staff: Staff):
    form = TEXT | {"lead": "1", "lead_type": "booking", "details": "A table"}
    assert "A lead needs the customer’s name.".replace("’", "&#x27;") in post(staff, **form).content.decode()
    assert not Lead.objects.exists()
    assert post(staff, name="Amina", **form).status_code == 302
    lead = Lead.objects.get()
    assert (lead.type, lead.details, lead.source) == ("booking", "A table", "admin")
    assert Message.objects.get().content == "Hello"


def test_a_form_that_is_sent_twice_sends_once_and_leads_to_the_chat(staff: Staff):
    (key,) = re.findall(r'name="once" value="(.*?)"', page_of(staff, f"{INBOX}new/"))
    form = TEXT | {"once": key, "lead": "1", "lead_type": "booking", "details": "A table", "name": "Amina"}
    assert post(staff, **form | {"lead_type": "order", "name": ""}).status_code == 422
    first, second = (post(staff, **form) for _ in range(2))
    assert (first.status_code, second.headers["Location"]) == (302, first.headers["Location"])
    assert (Message.objects.count(), Lead.objects.count()) == (1, 1)
    # Somebody goes back in the browser, and writes something else.
    post(staff, **form | {"text": "Hello again"})
    assert Message.objects.count() == 2


def opened_in(page: str) -> dict[str, str]:
    (opened,) = re.findall(r'name="opened" value="(.*?)"', page)
    return {"opened": opened}


@pytest.mark.parametrize("written", [AMINA, "0049151 2345 6789", "+49 (0)151/23456789", "\u202a+49 151 23456789"])
def test_a_known_number_in_any_spelling_joins_its_chat(owner: Business, staff: Staff, written: str):
    chat = chat_of(owner, "Amina", customer_phone=AMINA)
    page = post(staff, to=written).content.decode()
    assert f'href="{INBOX}{chat.pk}/?tab=all"' in page
    assert "<bdi>Amina</bdi>" in page
    sent = post(staff, **(TEXT | {"to": written}))
    assert sent.headers["Location"] == f"{INBOX}{chat.pk}/?tab=all"
    assert Conversation.objects.count() == Customer.objects.count() == 1
    assert Customer.objects.get().name == "Amina"


@pytest.mark.parametrize("lead", [{}, {"lead": "1", "lead_type": "order"}], ids=["text", "with a lead"])
def test_a_colleague_who_has_answered_meanwhile_is_named_before_a_second_answer_leaves(
    owner: Business, staff: Staff, lead: dict[str, str]
):
    chat = chat_of(owner, "Amina", customer_phone=AMINA)
    says(chat, "Do you bake on Sundays?")
    form = TEXT | lead | opened_in(page_of(staff, f"{INBOX}new/"))
    # What is typed is read again and again; when the form was opened stays.
    assert opened_in(post(staff, to=AMINA, opened=form["opened"]).content.decode())["opened"] == form["opened"]
    colleague = person_of(owner, "agent", "ben@bakery.example")
    answers(chat, "Yes, from eight", author_id=colleague.pk)
    # A lead would open another conversation then.
    Conversation.objects.filter(pk=chat.pk).update(status="completed")
    refused = post(staff, **form)
    assert refused.status_code == 422
    assert (
        "Agent has answered meanwhile, and nothing of yours was sent yet: “Yes, from eight”" in refused.content.decode()
    )
    assert Message.objects.filter(direction="out").count() == 1
    assert "Send anyway" in refused.content.decode()
    assert staff.client.post(f"{INBOX}new/", form | {"to": AMINA, "anyway": "1"}).status_code == 302
    assert Message.objects.filter(direction="out", content="Hello").count() == 1


def test_a_local_number_by_the_country_of_the_business(owner: Business, staff: Staff):
    assert (
        "Write the phone number in international form"
        in post(staff, **(TEXT | {"to": "0151 23456789"})).content.decode()
    )
    User.objects.filter(pk=owner.id).update(country="DE")
    assert post(staff, **(TEXT | {"to": "0151 23456789"})).status_code == 302
    assert Customer.objects.get().phone == AMINA


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"to": "12"}, "Write the phone number in international form"),
        ({"to": ""}, "Write the number of the customer."),
        ({"text": " "}, "Write a text, or choose a template."),
        ({"kind": "template"}, "Choose a template, and fill it in."),
        ({"text": "x" * 4097}, "A message has 1 to 4096 characters."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(owner: Business, staff: Staff, form: dict[str, str], words: str):
    refused = post(staff, **(TEXT | form))
    assert refused.status_code == 422
    assert words in refused.content.decode()
    assert not Customer.objects.exists()
    assert not Message.objects.exists()


def test_the_number_it_is_sent_from_is_chosen(owner: Business, stranger: Business, staff: Staff):
    second = Channel.objects.create(user=owner.user, phone_number_id="2", display_number="+49 30 2")
    Channel.objects.create(user=stranger.user, phone_number_id="3", display_number="+49 30 3")
    page = page_of(staff, f"{INBOX}new/")
    assert "+49 30 2" in page
    assert "+49 30 3" not in page
    assert post(staff, **TEXT, **{"from": str(second.pk)}).status_code == 302
    assert Message.objects.get().channel_id == second.pk


def test_a_chosen_number_that_is_gone_is_not_replaced_by_another(owner: Business, stranger: Business, staff: Staff):
    gone = Channel.objects.create(user=owner.user, phone_number_id="2", display_number="+49 30 2")
    theirs = Channel.objects.create(user=stranger.user, phone_number_id="3", display_number="+49 30 3")
    Channel.objects.filter(pk=gone.pk).update(active=False)
    for chosen in (gone.pk, theirs.pk, "+49 30 2"):
        answer = post(staff, **TEXT, **{"from": str(chosen)})
        assert answer.status_code == 422
        assert "This number is not connected any more. Choose another." in answer.content.decode()
    assert not Message.objects.exists()
    assert post(staff, **TEXT, **{"from": ""}).status_code == 302


def test_a_viewer_has_no_such_button(owner: Business, staff: Staff):
    viewer = member_of(owner, "viewer")
    assert f"{INBOX}new/" not in page_of(viewer, INBOX)
    assert viewer.get(f"{INBOX}new/").status_code == 403
    assert post(viewer, **TEXT).status_code == 403


def test_another_business_s_customer_is_not_known(owner: Business, stranger: Business, staff: Staff):
    chat_of(stranger, "Secret", customer_phone=AMINA)
    assert "Secret" not in post(staff, to=AMINA).content.decode()


def test_what_is_typed_is_escaped(owner: Business, staff: Staff):
    page = post(staff, **(TEXT | {"to": HOSTILE, "name": HOSTILE, "text": HOSTILE})).content.decode()
    assert "<script>alert" not in page
    assert ESCAPED in page
