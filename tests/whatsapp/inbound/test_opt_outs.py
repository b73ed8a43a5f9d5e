"""Words by which customers opt out through Twilio, and in again; through the signed webhook."""

import itertools

import pytest

from conversations.models import Conversation, Customer, Message
from leads.models import Lead
from tests.whatsapp.twilio_forms import BUSINESS, CUSTOMER, MESSAGE, STATUS, TOKEN
from tests.whatsapp.webhook_client import deliver_form, provider_client
from whatsapp.channels import connect_channel

_numbers = itertools.count(1)


@pytest.fixture
def gets(owner, settings):
    """Deliver a message of the customer, with these parameters."""
    settings.PUBLIC_URL = ""
    connect_channel(user_id=owner.id, phone_number_id=BUSINESS, access_token=TOKEN)

    def deliver(body: str, **fields: str) -> None:
        ids = dict.fromkeys(("MessageSid", "SmsSid", "SmsMessageSid"), f"SM{next(_numbers):032}")
        assert deliver_form(provider_client(), MESSAGE | {"Body": body} | ids | fields).status_code == 200

    return deliver


def has_opted_out() -> bool:
    customer = Customer.objects.get()
    return customer.marketing_opted_out_at is not None


STOPS = ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE")


@pytest.mark.parametrize("word", [*STOPS, *map(str.lower, STOPS), " Stop\n"])
def test_a_word_that_is_the_whole_message_opts_out(gets, word):
    gets(word)
    assert has_opted_out()


@pytest.mark.parametrize("word", ["START", "YES", "UNSTOP", "start", " Yes "])
def test_another_word_opts_in_again(gets, word):
    gets("STOP")
    gets(word)
    assert not has_opted_out()
    assert Customer.objects.get().marketing_choice_at is not None


@pytest.mark.parametrize("text", ["Please stop", "STOP it", "cancel my order", "the end", "", "Stopp", "HELP"])
def test_the_same_word_in_a_sentence_does_not(gets, text):
    gets(text)
    assert not has_opted_out()
    assert Lead.objects.count() == 1


@pytest.mark.parametrize(
    ("named", "body", "opted_out"),
    [("STOP", "Arrêt", True), ("stop", "Arrêt", True), ("START", "STOP", False), ("HELP", "STOP", False)],
)
def test_what_twilio_says_of_the_message_goes_before_its_words(gets, named, body, opted_out):
    gets(body, OptOutType=named)
    assert has_opted_out() == opted_out


@pytest.mark.parametrize("fields", [{"body": "STOP"}, {"body": "Arrêt", "OptOutType": "STOP"}])
def test_opting_out_is_a_row_and_no_work(gets, fields):
    gets(**fields)
    assert (Lead.objects.count(), Message.objects.get().content) == (0, fields["body"])
    gets("Two cakes, please")
    assert Lead.objects.get().details == "Two cakes, please"
    Conversation.objects.update(status="completed")
    gets(**fields)
    assert Conversation.objects.get().status == "completed"


@pytest.mark.parametrize("word", ["Cancel", "Yes"])
def test_a_word_that_may_be_an_answer_is_work(gets, word):
    gets("Two cakes, please")
    Conversation.objects.update(status="completed")
    gets(word)
    assert Conversation.objects.get().status == "active"


def test_twilios_error_about_it_is_an_opt_out_too(gets, owner, mailing):
    gets("Two cakes, please")
    mailing.channel.delete()
    sent = owner.client.post("/api/whatsapp", {"to": CUSTOMER, "message": "Ready"}, format="json").json()
    sid = f"SM{next(_numbers):032}"
    Message.objects.filter(pk=sent["message_id"]).update(provider_id=sid, status="sent")
    failed = dict.fromkeys(("MessageStatus", "SmsStatus"), "failed") | {"ErrorCode": "21610"}
    form = STATUS | {"MessageSid": sid, "SmsSid": sid} | failed
    assert deliver_form(provider_client(), form).status_code == 200
    assert Message.objects.get(pk=sent["message_id"]).status == "failed"
    assert has_opted_out()


def test_twilios_error_about_a_message_of_another_program_is_an_opt_out(gets):
    gets("Two cakes, please")
    failed = dict.fromkeys(("MessageStatus", "SmsStatus"), "failed") | {"ErrorCode": "21610"}
    assert deliver_form(provider_client(), STATUS | {"MessageSid": "SM9", "SmsSid": "SM9"} | failed).status_code == 200
    assert has_opted_out()
