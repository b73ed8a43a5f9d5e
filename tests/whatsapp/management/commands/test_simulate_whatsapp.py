"""manage.py simulate_whatsapp, on a running site."""

import json
import re
import shlex
import subprocess
from urllib.parse import parse_qsl

import pytest

from conversations.models import Conversation, Customer, Message
from leads.models import Lead
from tests.site import exit_code, free_port
from tests.whatsapp.simulating import PHONE, SECRET, TWILIO, refusal, simulate
from whatsapp.channels import connect_channel
from whatsapp.models import Channel, WebhookDelivery
from whatsapp.simulator.bodies import ABOUT_ANOTHER, KINDS

served = pytest.mark.django_db(transaction=True)


@pytest.fixture
def channel(owner) -> Channel:
    return Channel.objects.create(user=owner.user, phone_number_id="106540352242922")


@pytest.fixture(autouse=True)
def secret(settings) -> None:
    settings.WHATSAPP_APP_SECRETS = [SECRET, "an older one"]


@served
def test_a_message_creates_a_lead(served_site, channel):
    text = "Grüße 😀 <b> 100 % a@b/c"
    out = simulate("--url", served_site.address, "--from", "0049 151 1234567", "--name", "Zoë", "--text", text)

    assert re.match(r"200 in \d+ ms: wamid\.", out)
    assert f"{served_site.address}/admin/conversations/conversation/" in out
    customer, lead = Customer.objects.get(), Lead.objects.get()
    assert (customer.phone, customer.name) == (PHONE, "Zoë")
    assert (lead.user_id, lead.details, lead.source) == (channel.user_id, text, "whatsapp")


@served
def test_every_kind_becomes_a_row(served_site, channel):
    simulate("--url", served_site.address, "--from", PHONE)
    first = str(Message.objects.values_list("provider_id", flat=True).get())
    for kind in KINDS:
        simulate("--url", served_site.address, "--from", PHONE, "--kind", kind, "--message-id", first)

    assert sorted(Message.objects.values_list("kind", flat=True)) == sorted([*KINDS, "text"])
    assert Message.objects.filter(kind__in=ABOUT_ANOTHER, extras__target=first).count() == len(ABOUT_ANOTHER)
    assert set(WebhookDelivery.objects.values_list("state", "error")) == {("processed", "")}
    assert Conversation.objects.count() == 1


@served
def test_a_burst_creates_a_lead_for_each_customer(served_site, channel):
    counts = json.loads(simulate("--url", served_site.address, "--burst", "30", "--json"))
    assert (counts["posted"], counts["answered_200"], counts["answers"]) == (30, 30, {"200": 30})
    assert Lead.objects.count() == len(set(counts["message_ids"])) == 30

    assert "20 of 20 answered 200 in " in simulate("--url", served_site.address, "--burst", "20", "--from", PHONE)
    assert Lead.objects.count() == 31
    assert Message.objects.count() == 50


@served
def test_a_status_reaches_the_outgoing_message(served_site, channel, owner):
    conversation = Conversation.objects.get(pk=owner.has_lead(customer_phone=PHONE).conversation_id)
    columns = {"user": owner.user, "direction": "out", "status": "sent", "provider_id": "wamid.OUT"}
    Message.objects.create(conversation=conversation, **columns)

    simulate("--url", served_site.address, "--status", "read", "--message-id", "wamid.OUT", "--from", PHONE)

    assert Message.objects.get().status == "read"


@served
def test_an_echo_is_outgoing_and_statuses_reach_it(served_site, channel):
    out = simulate("--url", served_site.address, "--kind", "echo", "--from", PHONE, "--text", "We are open until six")
    message = Message.objects.get()
    assert (message.direction, message.content, message.extras["echo"]) == ("out", "We are open until six", True)
    assert message.conversation.customer.phone == PHONE
    assert not Lead.objects.exists()

    shown = re.search(r"^To report its status: manage\.py simulate_whatsapp (.*)$", out, re.MULTILINE)
    assert shown
    simulate("--url", served_site.address, *shlex.split(shown[1]))
    message.refresh_from_db()
    assert message.status == "read"


@served
def test_it_explains_why_a_delivery_is_not_stored_in_a_conversation(served_site, owner, channel):
    def posted(*arguments: str) -> list[str]:
        return simulate("--url", served_site.address, *arguments).splitlines()[1:]

    assert posted("--phone-number-id", "999") == ["999 is not connected here: the delivery waits in Deliveries."]
    note = "No message with the id wamid.NONE was sent: the status waits until there is one."
    assert posted("--status", "read", "--message-id", "wamid.NONE") == [note]
    assert json.loads(simulate("--url", served_site.address, "--phone-number-id", "999", "--json"))["note"].startswith(
        "999 is"
    )
    Channel.objects.update(active=False)
    (switched_off,) = posted("--phone-number-id", channel.phone_number_id)
    assert switched_off.endswith("is switched off: the delivery waits in Deliveries.")


@served
def test_a_customer_without_a_number_and_an_advertisement_are_stored(served_site, channel):
    simulate("--url", served_site.address, "--bsuid", "DE.13491208655302741918", "--ad", "Lemon cakes", "--name", "Ada")
    customer, lead = Customer.objects.get(), Lead.objects.get()
    assert (customer.phone, customer.whatsapp_user_id, customer.name) == (None, "DE.13491208655302741918", "Ada")
    assert (lead.referral or {})["headline"] == "Lemon cakes"


@served
def test_a_delivery_from_twilio_is_stored(served_site, owner):
    connect_channel(user_id=owner.id, phone_number_id=TWILIO, access_token="AC1:an auth token")
    simulate("--url", served_site.address, "--provider", "twilio", "--from", PHONE, "--text", "Grüße & 1+1")
    message = Message.objects.get()
    assert message.content == "Grüße & 1+1"
    assert message.conversation.customer.phone == PHONE


@served
def test_a_number_with_a_secret_of_its_own_is_signed_with_it(served_site, owner):
    connect_channel(user_id=owner.id, phone_number_id="1065", app_secret="of this number")
    simulate("--url", served_site.address, "--from", PHONE)
    assert Message.objects.get().conversation.customer.phone == PHONE
    code, error = refusal("--url", served_site.address, "--secret", SECRET)
    assert (code, error[:4]) == (1, "401:")


def test_twilios_prefix_is_not_doubled(db):
    out = simulate("--print", "--provider", "twilio", "--phone-number-id", f"whatsapp:{TWILIO}", "--secret", "x")
    form = dict(parse_qsl(out.splitlines()[0]))
    assert form["To"] == f"whatsapp:{TWILIO}"


@served
def test_the_printed_curl_command_posts_the_delivery(served_site, channel):
    out = simulate("--print", "--url", served_site.address, "--text", "It's $HOME `x` Grüße")
    assert not WebhookDelivery.objects.exists()
    command = shlex.split(out.splitlines()[1])
    result = subprocess.run([*command, "--noproxy", "*", "-sS"], capture_output=True, text=True, check=True, timeout=30)
    assert json.loads(result.stdout) == {"success": True}
    assert Message.objects.get().content == "It's $HOME `x` Grüße"


@served
def test_errors_say_what_to_do(served_site, channel, settings):
    settings.PORT = free_port()
    assert refusal() == (
        1,
        f"Nothing answers at http://127.0.0.1:{settings.PORT}: start the site with `make run`, or name it with --url.",
    )
    code, error = refusal("--url", served_site.address, "--secret=wrong", "--burst=3")
    assert code == 1
    assert "401: the site has other secrets." in error
    assert "(3 of 3)" in error


def test_an_unknown_kind_is_wrong_use(capsys):
    assert exit_code("simulate_whatsapp", "--kind=fax") == 2
    assert "Traceback" not in capsys.readouterr().err
