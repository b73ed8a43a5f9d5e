"""Deleting leads in the admin, the list of deleted ones, and what the pages of other rows show of them."""

import re
from html import escape
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from conversations.models import Conversation, Customer, Message
from leads.models import BulkChange, DeletedLead, Lead
from leads.services.delete import delete_lead
from tests.factories import Business
from tests.staff import Staff, address, member_of, messages_of, operator, registered, staff_of
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox

SECRET = "Xanthippe"


def deleted(business: Business, **fields: Any) -> Lead:
    made = business.has_lead(**({"customer_name": SECRET, "details": f"{SECRET} wants a cake"} | fields))
    delete_lead(user_id=business.id, lead_id=made.lead_id, person_id=business.id)
    return Lead.all_objects.get(pk=made.lead_id)


def restore(staff: Staff, lead: Lead) -> Any:
    return staff.client.post(reverse("admin:leads_deletedlead_restore", args=[lead.pk]), follow=True)


def test_delete_and_undo(owner: Business) -> None:
    staff = staff_of(owner)
    lead = Lead.objects.get(pk=owner.has_lead(customer_name=SECRET).lead_id)
    page = staff.get(address("delete", lead)).content.decode()
    assert SECRET in page
    assert "It can be restored for 30 days." in page
    answer = staff.client.post(address("delete", lead), {"post": "yes"}, follow=True)
    (message,) = messages_of(answer)
    assert "Undo" in message, message
    assert SECRET in message
    assert owner.row_counts() == (1, 0, 0)
    assert Lead.all_objects.get().deleted_by == owner.user
    restored = restore(staff, lead)
    (message,) = messages_of(restored)
    assert message.startswith("Restored: ")
    assert owner.row_counts() == (1, 1, 1)
    messages = [entry.get_change_message() for entry in LogEntry.objects.filter(object_id=str(lead.pk)).order_by("pk")]
    assert messages[-1] == "Restored."


def test_the_list_of_deleted_leads_says_who_when_and_how_long(owner: Business, settings: Any) -> None:
    lead = deleted(owner)
    staff = staff_of(owner)
    text = staff.list(DeletedLead)
    assert [words for words in (SECRET, str(lead.deleted_by), "in 30 days") if escape(words) not in text] == []
    assert SECRET in staff.get(address("change", DeletedLead.objects.get())).content.decode()
    assert staff.found(DeletedLead, q="cake") == {lead.pk}
    settings.DELETED_DAYS = 0
    assert "never" in staff.list(DeletedLead)


def test_several_are_restored_and_what_is_refused_is_said(owner: Business) -> None:
    leads = [deleted(owner, external_id="A-1"), deleted(owner), deleted(owner)]
    owner.has_lead(external_id="A-1")
    staff = staff_of(owner)
    chosen = {"action": "restore_chosen", "_selected_action": [str(lead.pk) for lead in leads]}
    answer = staff.client.post(address("changelist", DeletedLead), chosen, follow=True)
    assert any("another lead has its external id" in message for message in messages_of(answer))
    assert "Restored: 2 leads." in messages_of(answer)
    assert Lead.objects.count() == 3


def test_many_are_deleted_by_a_bulk_change_with_undo(owner: Business) -> None:
    leads = [Lead.objects.get(pk=owner.has_lead().lead_id) for _ in range(3)]
    staff = staff_of(owner)
    answer = staff.client.get(staff.act("delete_selected", *leads).url)
    assert any("Deleted: 3 leads." in message for message in messages_of(answer))
    assert owner.row_counts() == (3, 0, 0)
    change = BulkChange.objects.get()
    assert (change.changed, change.state) == (3, "finished")
    page = staff.get(address("change", change)).content.decode()
    assert "Deleted" in page
    staff.client.post(reverse("admin:leads_bulkchange_decide", args=[change.pk]), {"do": "undo"})
    change.refresh_from_db()
    assert (change.state, change.restored, change.remaining) == ("undone", 3, 0)
    assert owner.row_counts() == (3, 3, 3)


def test_who_only_reads_deletes_and_restores_nothing(owner: Business) -> None:
    lead = Lead.objects.get(pk=owner.has_lead().lead_id)
    gone = deleted(owner)
    viewer = member_of(owner, "viewer")
    assert viewer.client.post(address("delete", lead), {"post": "yes"}).status_code == 403
    assert restore(viewer, gone).status_code == 403
    assert viewer.get(address("changelist", DeletedLead)).status_code == 403
    viewer.act("delete_selected", lead)
    assert Lead.objects.get() == lead


def test_another_business_sees_and_restores_nothing(owner: Business, stranger: Business) -> None:
    lead = deleted(owner)
    staff = staff_of(stranger)
    assert staff.found(DeletedLead) == set()
    restore(staff, lead)
    assert not Lead.objects.exists()


def test_a_get_restores_nothing(owner: Business) -> None:
    lead = deleted(owner)
    assert staff_of(owner).get(reverse("admin:leads_deletedlead_restore", args=[lead.pk])).status_code == 405


def test_no_page_but_those_of_deleted_leads_shows_anything_of_them(owner: Business) -> None:
    Inbox(owner).gets(meta.text(f"{SECRET}!"))
    Customer.objects.update(name=SECRET)
    lead, message = Lead.objects.get(), Message.objects.get()
    rows = [lead, lead.conversation, lead.conversation.customer, message]
    staff, all_rows = staff_of(owner), operator()
    assert SECRET in staff.list(Lead)
    delete_lead(user_id=owner.id, lead_id=lead.pk, person_id=None)
    for reader in (staff, all_rows):
        for model in [model for model in registered() if model is not DeletedLead]:
            for query in ({}, {"q": SECRET}) if admin.site.get_model_admin(model).search_fields else ({},):
                answer = reader.get(address("changelist", model), **query)
                shown = re.sub(rf'q(=|%3D){SECRET}|value="{SECRET}"|Search: {SECRET}', "", answer.content.decode())
                assert model.__name__ == "WebhookDelivery" or SECRET not in shown, model
        assert SECRET not in reader.get(reverse("admin:index")).content.decode()
        for row in rows:
            assert reader.get(address("change", row)).status_code == 302, row
            assert reader.client.post(address("change", row), {"status": "archived"}).status_code in (302, 403), row
    assert Conversation.all_objects.get().status == "active"
    assert admin.site.is_registered(DeletedLead)


@pytest.mark.parametrize("name", ["change", "delete"])
def test_pages_of_a_deleted_lead_say_that_it_is_gone(owner: Business, name: str) -> None:
    answer = staff_of(owner).client.get(address(name, deleted(owner)), follow=True)
    assert any("doesn’t exist" in message for message in messages_of(answer))
