"""Leads in the admin: adding, changing and assigning."""

import pytest
from django.contrib.admin.models import LogEntry

import leads.admin.leads
from conversations.models import Conversation, Customer
from leads.admin.leads import LeadAdmin
from leads.models import Lead
from leads.services.refusals import LeadRefused
from leadsite.accounts.models import User
from tests.leads.admin.lead_pages import ADD, TYPED, page_of
from tests.sessions import session
from tests.staff import address, errors_of, messages_of, operator, person_of, staff_of

PHONE = "+4915123456789"


def test_a_lead_that_staff_add_is_created_with_its_customer_and_conversation(owner):
    response = staff_of(owner).fill(ADD, **TYPED)

    assert response.status_code == 302
    lead = Lead.objects.get()
    assert (lead.user, lead.source, lead.status, lead.details) == (owner.user, "admin", "new", "A cake\nfor 40")
    assert (lead.conversation.customer.name, lead.conversation.customer.phone) == ("Amina", PHONE)
    assert LogEntry.objects.get().object_id == str(lead.pk)


def test_a_lead_of_a_known_customer_joins_the_conversation(owner):
    first = owner.has_lead(customer_phone=PHONE, customer_name="A.")

    staff_of(owner).fill(ADD, **TYPED)

    assert owner.row_counts() == (1, 1, 2)
    assert Customer.objects.get().name == "Amina"
    assert set(Lead.objects.values_list("conversation", flat=True)) == {first.conversation_id}


def test_a_refusal_by_the_database_is_an_error_at_its_field(owner, monkeypatch):
    def refuse(**lead):
        raise LeadRefused("Not this name.", field="customer_name")

    monkeypatch.setattr(leads.admin.leads, "create_lead", refuse)

    response = staff_of(owner).fill(ADD, **TYPED)

    assert errors_of(response) == {"customer_name": ["Not this name."]}
    assert "A cake" in response.content.decode()
    assert not LogEntry.objects.exists()


def test_staff_add_leads_to_their_own_business_only(owner, stranger):
    staff = staff_of(owner)
    assert "user" not in staff.form(ADD)

    staff.fill(ADD, **TYPED, user=str(stranger.id))

    assert Lead.objects.get().user == owner.user


def test_a_superuser_chooses_the_business_of_a_lead(owner, stranger):
    superuser = operator()
    assert list(errors_of(superuser.fill(ADD, **TYPED))) == ["user"]

    superuser.fill(ADD, **TYPED, user=str(stranger.id))

    assert Lead.objects.get().user == stranger.user


def test_the_page_of_a_lead_links_to_its_customer_and_conversation_and_back(owner):
    staff = staff_of(owner)
    lead, path = page_of(owner)
    conversation = address("change", lead.conversation)

    page = staff.get(path).content.decode()
    assert f'href="{conversation}"' in page
    assert f'href="{address("change", lead.conversation.customer)}"' in page
    assert f'href="{path}"' in staff.get(conversation).content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_concurrent_change_between_validation_and_save_is_kept(owner, monkeypatch):
    lead, path = page_of(owner)
    write_row = LeadAdmin.save_model

    def save_after_concurrent_change(*arguments):
        with session() as other:
            other.execute("UPDATE leads SET details = 'Newer' WHERE id = %s", [lead.pk])
            other.commit()
        write_row(*arguments)

    monkeypatch.setattr(LeadAdmin, "save_model", save_after_concurrent_change)
    staff_of(owner).fill(path, status="lost", lost_reason="Found a baker nearer")

    lead.refresh_from_db()
    assert (lead.status, lead.details) == ("lost", "Newer")


def test_a_lead_deleted_meanwhile_is_not_found(owner):
    staff = staff_of(owner)
    lead, path = page_of(owner)
    old_form = staff.form(path)
    lead.delete()
    assert staff.send(path, old_form, status="lost").status_code == 302


def test_the_pages_of_a_lead_of_another_business_do_not_exist_for_staff(owner, stranger):
    staff = staff_of(owner)
    lead, path = page_of(stranger, customer_name="Somebody else's")
    owner.has_lead()

    assert "Somebody else" not in staff.list(Lead)
    for page in ("change", "history", "delete"):
        assert staff.get(address(page, lead)).status_code in {302, 403}
    staff.send(path, {"type": "order", "status": "lost", "details": "mine now"})
    staff.act("mark_lost", lead)
    staff.act("assign_to_me", lead)
    staff.act("delete_selected", lead)
    unchanged = Lead.objects.get(pk=lead.pk)
    assert (unchanged.status, unchanged.details, unchanged.assigned_to) == ("new", lead.details, None)


def test_staff_assign_a_lead_to_themselves_only(owner, stranger):
    staff = staff_of(owner)
    lead, path = page_of(owner)

    assert list(errors_of(staff.fill(path, assigned_to=str(stranger.id)))) == ["assigned_to"]
    staff.fill(path, assigned_to=str(owner.id))

    lead.refresh_from_db()
    assert lead.assigned_to == owner.user


def test_a_lead_stays_assigned_to_a_superuser(owner, stranger):
    superuser = operator()
    lead, path = page_of(owner)
    page = superuser.get(path).context["adminform"].form
    colleague = person_of(owner, "agent")
    choices = set(page.fields["assigned_to"].queryset)
    assert choices == {colleague, User.objects.get(is_superuser=True)}
    superuser.act("assign_to_me", lead)

    staff_of(owner).fill(path, status="contacted")

    lead.refresh_from_db()
    assert (lead.status, lead.assigned_to) == ("contacted", User.objects.get(is_superuser=True))


def test_changing_a_lead_does_not_change_its_conversation(owner):
    _, path = page_of(owner)
    before = Conversation.objects.values().get()
    staff_of(owner).fill(path, status="contacted")
    assert Conversation.objects.values().get() == before


def test_the_form_and_the_actions_follow_the_status_transitions(owner):
    lead, path = page_of(owner, status="converted")
    other, _ = page_of(owner)
    staff = staff_of(owner)
    assert list(errors_of(staff.fill(path, status="new"))) == ["status"]
    answer = staff.client.get(staff.act("mark_contacted", lead, other).url)
    changed, kept = messages_of(answer)
    assert changed.startswith("Changed: 1 lead.")
    assert kept == "Not changed, because their status does not allow it: 1 lead."
    assert [Lead.objects.get(pk=row.pk).status for row in (lead, other)] == ["converted", "contacted"]


@pytest.mark.django_db(transaction=True)
def test_a_concurrent_status_change_between_validation_and_save_is_checked(owner, monkeypatch):
    lead, path = page_of(owner)
    write_row = LeadAdmin.save_model

    def save_after_concurrent_change(*arguments):
        with session() as other:
            other.execute("UPDATE leads SET status = 'converted' WHERE id = %s", [lead.pk])
            other.commit()
        monkeypatch.setattr(LeadAdmin, "save_model", write_row)
        write_row(*arguments)

    monkeypatch.setattr(LeadAdmin, "save_model", save_after_concurrent_change)
    assert list(errors_of(staff_of(owner).fill(path, status="contacted"))) == ["status"]
    lead.refresh_from_db()
    assert lead.status == "converted"
