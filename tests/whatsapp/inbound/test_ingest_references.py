"""References and statuses that name a message by its id in the other form: with the number, or with the user id."""

import pytest

from conversations.models import Conversation, Message, ParkedStatus
from tests.cases import each_case
from tests.staff import address, staff_of
from tests.whatsapp import meta, twilio_forms, webhook_client
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA, TOKEN
from tests.whatsapp.views import Views
from tests.whatsapp.wamids import wamid
from whatsapp.channels import connect_channel
from whatsapp.outbound import queue
from whatsapp.outbound.enqueue import MessageContent, Recipient, send_message
from whatsapp.outbound.outcomes import Outgoing, Sent

TOKEN_A, TOKEN_B = "3EB0C767D26A1D8A2E", "3EB0C767D26A1D8A2F"
BY_PHONE, BY_ID = wamid(meta.SHEENA, TOKEN_A), wamid(meta.SHEENA_ID, TOKEN_A)
OURS_BY_PHONE, OURS_BY_ID = wamid(meta.SHEENA, TOKEN_B, outgoing=True), wamid(meta.SHEENA_ID, TOKEN_B, outgoing=True)
FORMS = [(BY_PHONE, BY_PHONE), (BY_PHONE, BY_ID), (BY_ID, BY_PHONE), (BY_ID, BY_ID)]
both_forms = pytest.mark.parametrize(("stored", "named"), FORMS)
BOTH = {"from_user_id": meta.SHEENA_ID}
LATER = {"timestamp": meta.NOON + 60, **BOTH}


def page_of(inbox: Inbox) -> str:
    return str(staff_of(inbox.business).get(address("change", inbox.conversations[0])).content.decode())


def newest(inbox: Inbox):
    """The newest message by the API."""
    path = f"/api/conversations/{inbox.conversations[0].pk}/messages"
    return inbox.business.client.get(path).json()["results"][0]


REFERENCES = {
    "quote": lambda id_: meta.text("For Saturday", context={"id": id_, "from": meta.SHEENA}, **LATER),
    "reaction": lambda id_: meta.message("reaction", {"message_id": id_, "emoji": "🙏"}, **LATER),
    "removed reaction": lambda id_: meta.message("reaction", {"message_id": id_}, **LATER),
    "edit": lambda id_: meta.message(
        "edit", {"original_message_id": id_, "message": {"type": "text", "text": {"body": "Lime cake?"}}}, **LATER
    ),
    "revoke": lambda id_: meta.message("revoke", {"original_message_id": id_}, **LATER),
}
SHOWN = {
    "quote": "“Do you have lemon cake?”",
    "reaction": "to: “Do you have lemon cake?”",
    "removed reaction": "to: “Do you have lemon cake?”",
    "edit": "Lime cake?",
    "revoke": "deleted",
}


@both_forms
@each_case("kind", REFERENCES)
def test_a_reference_finds_its_message(inbox, views, stored, named, kind):
    inbox.gets(meta.text("Do you have lemon cake?", id=stored, **BOTH))
    inbox.gets(REFERENCES[kind](named))
    page = page_of(inbox)
    assert SHOWN[kind] in page
    assert "an earlier message" not in page
    assert page.count("Lime cake?") == (1 if kind == "edit" else 0)
    shown = newest(inbox)
    part = shown["reaction"] if "reaction" in kind else shown["context"]
    assert part["message_id"] == str(Message.objects.get(provider_id=stored).pk)
    assert views.events([shown])[-1] == f"message.received: {shown['text']}"


@both_forms
def test_a_message_that_is_no_longer_shown_is_found(inbox, stored, named):
    inbox.gets(meta.text("Do you have lemon cake?", id=stored, **BOTH))
    inbox.gets(*[meta.text(f"{number}", **LATER) for number in range(60)])
    inbox.gets(REFERENCES["quote"](named))
    assert SHOWN["quote"] in page_of(inbox)


def test_the_exact_id_counts_before_the_token(inbox):
    inbox.gets(meta.text("The one", id=BY_PHONE, **BOTH))
    inbox.gets(meta.text("Another with its token", id=wamid("4915100000001", TOKEN_A), **BOTH))
    inbox.gets(REFERENCES["quote"](BY_PHONE))
    assert "“The one”" in page_of(inbox)


def test_two_messages_with_one_token_are_two(inbox):
    """Ids are compared as they are to recognise a message that is delivered again: none is lost."""
    inbox.gets(meta.text("One", id=BY_PHONE), meta.text("Two", id=wamid("4915100000001", TOKEN_A)))
    assert len(inbox.messages) == 2


class TestStatuses:
    @pytest.fixture
    def sending(self, inbox: Inbox, views: Views) -> Outgoing:
        connect_channel(user_id=inbox.business.id, phone_number_id=meta.CHANNEL, access_token=TOKEN)
        to = Recipient(phone=AMINA)
        send_message(user_id=inbox.business.id, to=to, message=MessageContent(content="Ready"))
        (message,) = queue.claim(1)
        return message

    @pytest.mark.parametrize(
        ("answered", "reported"), [(OURS_BY_PHONE, OURS_BY_ID), (OURS_BY_ID, OURS_BY_PHONE), (OURS_BY_ID, OURS_BY_ID)]
    )
    @pytest.mark.parametrize("early", [True, False])
    def test_a_status_in_the_other_form_is_the_messages(self, inbox, views, sending, answered, reported, early):
        report = [meta.status("delivered", id=reported), meta.status("read", id=answered)]
        if early:
            inbox.gets_statuses(*report)
            assert ParkedStatus.objects.count() == 1
        queue.record([(sending, Sent(answered))])
        if not early:
            inbox.gets_statuses(*report)
        row = Message.objects.get()
        assert (row.status, row.provider_id, set(row.extras["times"])) == (
            "read",
            answered,
            {"sent", "delivered", "read"},
        )
        assert not ParkedStatus.objects.exists()
        _, page, api, events = views.seen()
        assert (page[0].rpartition(" ")[2], api) == ("[Read]", ["out text: Ready"])
        assert events[-1] == "message.status: Ready (read)"

    def test_our_callback_data_counts_before_the_wamid(self, inbox, views, sending):
        queue.record([(sending, Sent("wamid.in-the-answer"))])
        inbox.gets_statuses(meta.status("read", id="wamid.other", biz_opaque_callback_data=str(sending.id)))
        row = Message.objects.get()
        assert (row.status, row.provider_id) == ("read", "wamid.in-the-answer")
        assert not ParkedStatus.objects.exists()
        rows, page, api, events = views.seen()
        assert (rows, page, api) == (["out text: Ready"], ["Ready [Read]"], ["out text: Ready"])
        assert events == ["message.status: Ready (sent)", "message.status: Ready (read)"]

    @pytest.mark.parametrize("named", [True, False])
    def test_an_echo_in_the_other_form_is_our_row(self, inbox, sending, named):
        more = {"biz_opaque_callback_data": str(sending.id)} if named else {}
        echo = meta.echo("Ready", to=AMINA[1:], id=OURS_BY_ID, **more)
        inbox.gets_change("smb_message_echoes", message_echoes=[echo])
        queue.record([(sending, Sent(OURS_BY_PHONE))])
        inbox.gets_statuses(meta.status("read", id=OURS_BY_PHONE))
        inbox.gets_change("smb_message_echoes", message_echoes=[echo])
        row = Message.objects.get()
        assert (row.pk, row.status) == (sending.id, "read")

    def test_an_echo_after_the_answer_in_the_other_form_is_our_row(self, inbox, sending):
        queue.record([(sending, Sent(OURS_BY_PHONE))])
        inbox.gets_change("smb_message_echoes", message_echoes=[meta.echo("Ready", to=AMINA[1:], id=OURS_BY_ID)])
        assert Message.objects.get().pk == sending.id

    def test_a_quote_and_a_reaction_of_the_customer_find_what_we_sent(self, inbox, sending):
        queue.record([(sending, Sent(OURS_BY_PHONE))])
        inbox.gets(meta.text("Thank you", from_=AMINA[1:], context={"id": OURS_BY_ID}))
        assert "“Ready”" in page_of(inbox)
        inbox.gets(meta.message("reaction", {"message_id": OURS_BY_ID, "emoji": "🙏"}, from_=AMINA[1:]))
        assert "to: “Ready”" in page_of(inbox)


def test_twilios_original_message_is_quoted(owner, settings):
    settings.PUBLIC_URL = ""
    connect_channel(user_id=owner.id, phone_number_id=twilio_forms.BUSINESS, access_token=twilio_forms.TOKEN)
    provider = webhook_client.provider_client()
    answer = twilio_forms.MESSAGE | {"MessageSid": "SM2", "SmsSid": "SM2", "SmsMessageSid": "SM2", "Body": "Three"}
    answer |= {"OriginalRepliedMessageSid": twilio_forms.SID, "OriginalRepliedMessageSender": twilio_forms.BUSINESS}
    for form in (twilio_forms.MESSAGE, answer):
        assert webhook_client.deliver_form(provider, form).status_code == 200
    conversation = Message.objects.latest("pk").conversation
    page = staff_of(owner).get(address("change", conversation)).content.decode()
    assert "“Two cakes, please”" in page


@both_forms
def test_a_reaction_joins_the_conversation_of_its_message(inbox, stored, named):
    inbox.gets(meta.text("Do you have lemon cake?", id=stored, **BOTH))
    Conversation.objects.update(status="archived")
    inbox.gets(meta.text("And lime?", **BOTH))
    old, _ = inbox.conversations
    inbox.gets(REFERENCES["reaction"](named))
    reaction = Message.objects.get(kind="reaction")
    assert (reaction.conversation_id, len(inbox.conversations)) == (old.pk, 2)
