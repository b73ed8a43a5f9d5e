"""The export of a person: all that is kept about them, and nothing of others."""

import json

import pytest
from django.contrib.admin.models import CHANGE, LogEntry

from conversations.models import Customer, CustomerMove
from leads.merging.services import undo_merge
from leadsite.core import clock
from leadsite.privacy.exporting import as_json, count_traces, export_customer
from tests.leads.merging.pairs import customer_of, make_one
from tests.leadsite.privacy.conftest import OTHER
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox, deliver
from whatsapp.models import Channel, WebhookDelivery

pytestmark = pytest.mark.django_db


def test_it_has_all_that_is_kept_and_nothing_of_others(person, owner):
    document = json.loads(as_json(export_customer(person)))
    assert document["customer"]["phone"] == "+16505551234"
    assert [message["content"] for message in document["messages"]] == ["My secret"]
    assert {lead["details"] for lead in document["leads"]} == {"My secret", "secret cake"}
    found = document["found_elsewhere"]
    assert found["import_refusals"][0]["theirs"]["cells"] == ["Sheena", "(650) 555-1234"]
    theirs = found["webhook_deliveries"][0]["theirs"]
    assert "Sheena Nelson" in {part["profile"]["name"] for part in theirs if "profile" in part}
    assert found["messages"][0]["mentioned_in"] == ["content"]
    text = json.dumps(document)
    assert [word for word in (OTHER, "Otto", "Ask") if word in text] == []


def test_it_has_nothing_of_what_came_through_numbers_of_nobody_and_of_former_owners(person, inbox, stranger):
    deliver(meta.messages_value("999", messages=[meta.text("For C")], contacts=[meta.contact()]))
    Channel.objects.update(user=stranger.user)
    inbox.gets(meta.text("For the next"), contacts=[meta.contact()])
    theirs = as_json(export_customer(Customer.objects.get(user=stranger.user))).decode()
    assert [text for text in ("For the next", "For C", "My secret") if text in theirs] == ["For the next"]
    own = as_json(export_customer(person)).decode()
    assert [text for text in ("For the next", "For C", "My secret") if text in own] == ["My secret"]


def test_it_has_nothing_of_the_admins_log_of_another_business(person, stranger):
    theirs = customer_of(stranger.has_lead(customer_phone=person.phone, customer_name="Sheena"))
    LogEntry.objects.log_actions(str(stranger.id), [theirs], CHANGE, f"was {person.phone}")
    (entry,) = export_customer(person)["found_elsewhere"]["django_admin_log"]
    assert entry["theirs"]["object_id"] == str(person.pk)


def test_it_has_nothing_of_the_error_of_another_businesss_delivery(person, stranger):
    theirs = Inbox(stranger, channel="999").gets(meta.text(), contacts=[meta.contact()])
    WebhookDelivery.objects.filter(pk=theirs.pk).update(error=f"message {meta.wamid()}: x")
    found = export_customer(person)["found_elsewhere"]["webhook_deliveries"]
    assert theirs.pk not in [row["id"] for row in found]


def test_after_the_undo_of_a_merge_it_has_nothing_of_the_other_customer(owner):
    source = customer_of(owner.has_lead(customer_name="Ana"))
    # With the merge this one gets the name and the number.
    target = Customer.objects.create(user=owner.user, whatsapp_user_id="DE.1")
    Customer.objects.filter(pk=target.pk).update(profile_name="Otto")
    done = make_one(owner, source, target)
    undo_merge(user_id=owner.id, merge_id=done.pk)
    document = export_customer(target)
    assert [one for one in (source.name, source.phone, str(source.pk)) if one in as_json(document).decode()] == []
    assert [entry["action"] for entry in document["audit"]] == ["insert", "update"]


def test_the_next_owner_of_a_number_does_not_get_the_new_number_of_the_one_before(owner):
    mover = customer_of(owner.has_lead(customer_phone="+4915111111111"))
    moved = {"former": "+4915222222222", "phone": mover.phone, "moved_at": clock.now()}
    CustomerMove.objects.create(user=owner.user, **moved)
    successor = customer_of(owner.has_lead(customer_phone=moved["former"]))
    assert mover.phone not in as_json(export_customer(successor)).decode()
    (former,) = export_customer(mover)["former_identifiers"]
    assert former["former"] == moved["former"]


def test_the_numbers_before_an_erasure(person):
    counts = count_traces(person)
    assert (counts["customers"], counts["messages"] >= 1, counts["webhook_deliveries"]) == (1, True, 3)
