"""One phone number in the spellings that people use, through every entry point: one customer, who is found."""

import json

import pytest

from conversations.models import Customer, Message
from leads.models import Lead
from tests.envelope import refused
from tests.factories import ORDER
from tests.leads.admin.lead_pages import ADD, TYPED
from tests.leads.importing.operator import counts, import_leads, write
from tests.staff import address, errors_of, staff_of
from tests.whatsapp import meta, twilio_forms, webhook_client
from tests.whatsapp.inbox import Inbox
from whatsapp.channels import connect_channel

PHONE = "+4915123440001"
SPELLINGS = [
    "+49 (0)151 23440001",
    "0049 [0] 151.2344.0001",
    "+49/151/23440001",
    "+49.151.2344.0001",
    "\u202a+49 151 23440001\u202c",
    "\u2066+49\u200b(0)\u2009151\u200723440001\u2069\ufeff",
    "\u200e\uff0b\uff14\uff19\u3000\uff08\uff10\uff09151\u200f23440001",
]
REFUSED = "\u202a(0)151 23440001\u202c"
every_spelling = pytest.mark.parametrize("spelling", SPELLINGS)


def the_phone() -> str | None:
    return Customer.objects.get().phone


@every_spelling
def test_rest(owner, spelling):
    assert owner.post_lead(customer_phone=spelling).status_code == 201
    assert owner.post_lead(customer_phone=PHONE).json()["conversation_created"] is False
    assert the_phone() == PHONE
    body = refused(owner.post_lead(customer_phone=REFUSED), 400)
    assert "+49 151 23456789" in body["fields"]["customer_phone"][0]


@every_spelling
def test_batch(owner, spelling):
    leads = [ORDER | {"customer_phone": phone} for phone in (spelling, PHONE)]
    assert owner.client.post("/api/leads/batch", {"leads": leads}, format="json").status_code == 201
    assert (the_phone(), Lead.objects.count()) == (PHONE, 2)


@every_spelling
def test_sql_functions(owner, spelling):
    assert owner.call_function(spelling, "Amina", "order")["success"]
    assert owner.call_batch_function([ORDER | {"customer_phone": spelling}])["created"] == 1
    assert (the_phone(), Lead.objects.count()) == (PHONE, 2)
    refused_by_sql = owner.call_function(REFUSED, "Amina", "order")
    assert refused_by_sql["constraint"] == "customers_phone_e164"


@every_spelling
def test_admin(owner, spelling):
    staff = staff_of(owner)
    assert staff.fill(ADD, **TYPED | {"customer_phone": spelling}).status_code == 302
    assert the_phone() == PHONE
    Customer.objects.update(phone="+4915100000000")
    assert staff.fill(address("change", Customer.objects.get()), phone=spelling).status_code == 302
    assert the_phone() == PHONE
    assert "customer_phone" in errors_of(staff.fill(ADD, **TYPED | {"customer_phone": REFUSED}))


@every_spelling
def test_import(owner, spelling, tmp_path):
    file = write(
        tmp_path / "leads.csv", f"{spelling},Amina,order,a,1", f"{PHONE},Amina,order,b,2", f"{REFUSED},A,order,c,3"
    )
    assert import_leads(owner, file, "--errors", tmp_path / "errors.csv").counts == counts(created=2, failed=1)
    assert the_phone() == PHONE
    local = write(tmp_path / "local.csv", "\u202a0151\u2009234\u200b40001\u202c,Amina,order,d,4")
    assert import_leads(owner, local, "--region", "DE").counts == counts(created=1)
    assert (the_phone(), Lead.objects.count()) == (PHONE, 3)


@every_spelling
def test_sending(owner, spelling):
    connect_channel(user_id=owner.id, phone_number_id=meta.CHANNEL, access_token="token")
    for to in (spelling, PHONE):
        body = {"to": to, "message": "Your cake is ready"}
        assert owner.client.post("/api/whatsapp", body, format="json").status_code == 202
    assert (the_phone(), Message.objects.values("conversation").distinct().count()) == (PHONE, 1)
    body = refused(owner.client.post("/api/whatsapp", {"to": REFUSED, "message": "x"}, format="json"), 400)
    assert list(body["fields"]) == ["to"]


@every_spelling
def test_filters_and_search(owner, spelling):
    lead = owner.has_lead(customer_phone=PHONE)
    owner.has_lead()
    for path, parameter in (
        ("/api/leads", "customer_phone"),
        ("/api/leads", "q"),
        ("/api/conversations", "customer_phone"),
    ):
        (found,) = owner.client.get(path, {parameter: spelling}).json()["results"]
        assert str(lead.conversation_id) in json.dumps(found)
        assert refused(owner.client.get(path, {"customer_phone": REFUSED}), 400)
    staff = staff_of(owner)
    assert staff.found(Lead, q=spelling) == {lead.lead_id}
    assert staff.found(Customer, q=spelling) == {Customer.objects.get(phone=PHONE).pk}


@every_spelling
def test_a_message_joins_the_customer_whom_a_form_brought(owner, spelling):
    inbox = Inbox(owner)
    owner.post_lead(customer_phone=spelling)
    inbox.gets(meta.text(from_=PHONE[1:]), contacts=[meta.contact(PHONE[1:])])
    assert inbox.counts() == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("old", "new"), [("+22507020304", "+2250707020304"), ("+22997020304", "+2290197020304")], ids=["CI", "BJ"]
)
def test_a_number_of_eight_digits_is_the_one_of_ten(owner, old, new):
    inbox = Inbox(owner)
    owner.post_lead(customer_phone=new)
    inbox.gets(meta.text(from_=old[1:]), contacts=[meta.contact(old[1:])])
    owner.call_function(old, "Amina", "order")
    assert inbox.counts() == (1, 1, 2, 1)
    assert owner.client.get("/api/leads", {"customer_phone": old}).json()["results"]
    assert owner.client.get("/api/leads", {"q": old}).json()["results"]


def test_twilio(owner):
    connect_channel(user_id=owner.id, phone_number_id=twilio_forms.BUSINESS, access_token=twilio_forms.TOKEN)
    form = twilio_forms.MESSAGE | {"From": "whatsapp:\u202a+49 (0)151 23440001\u202c", "WaId": "4915123440001"}
    answer = webhook_client.deliver_form(webhook_client.provider_client(), form)
    assert answer.status_code == 200, answer.content
    assert the_phone() == PHONE
