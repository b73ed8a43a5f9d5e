"""The page of a customer has everything of a person; two are compared, merged, and separated again."""

import pytest

from conversations.models import Customer, Message, Note
from leads.merging import duplicates
from leads.merging.services import merge
from leads.models import CustomerMerge
from leadsite.privacy.erasing import erase_customer
from tests.cases import each_case
from tests.staff import HOSTILE, address, member_of, messages_of, staff_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(owner):
    owner.has_lead(customer_name="Ana Silva", customer_phone="+4915123440001", details="A cake")
    numbered = Customer.objects.get()
    hidden = Customer.objects.create(user=owner.user, name="Ana Silva", whatsapp_user_id="DE.1")
    return numbered, hidden


def page_of(customer, name, **query):
    return address(name, customer), query


def test_the_page_has_leads_numbers_messages_and_possible_duplicates(owner, pair):
    numbered, _ = pair
    conversation = numbered.conversations.get()
    Message.objects.create(user=owner.user, conversation=conversation, direction="in", status="received", content="Hi")
    Note.objects.create(user=owner.user, conversation=conversation, author=owner.user, text="Likes lemon")
    page = staff_of(owner).get(address("change", numbered)).content.decode()
    for part in (
        "A cake",
        "Likes lemon",
        "+4915123440001",
        "may be the same person",
        address("merge", numbered),
        'id="privacy"',
    ):
        assert part in page
    assert "<dt>Messages</dt><dd>1</dd>" in page


def test_the_page_is_shown_where_a_possible_duplicate_has_just_gone(owner, pair, monkeypatch):
    numbered, hidden = pair
    third = Customer.objects.create(user=owner.user, name="Ana Silva", whatsapp_user_id="DE.2")
    find = duplicates.duplicates_of

    def find_before_an_erasure(*arguments, **options):
        found = find(*arguments, **options)
        erase_customer(user_id=owner.id, customer_id=hidden.pk)
        return found

    monkeypatch.setattr(duplicates, "duplicates_of", find_before_an_erasure)
    response = staff_of(owner).get(address("change", numbered))
    assert response.status_code == 200
    assert [one["other"] for one in response.context_data["person"]["duplicates"]] == [third]


def test_the_list_of_possible_duplicates(owner, stranger, pair):
    path = address("duplicates", Customer)
    staff = staff_of(owner)
    assert path in staff.list(Customer)
    assert f"{address('merge', pair[0])}?with={pair[1].pk}" in staff.get(path).content.decode()
    assert "Compare and merge" not in staff_of(stranger).get(path).content.decode()
    assert staff.get(path, before="x").status_code == 200


def test_a_merge_says_what_moves_and_can_be_undone(owner, pair):
    numbered, hidden = pair
    staff = staff_of(owner)
    preview = staff.get(address("merge", hidden), **{"with": str(numbered.pk)}).content.decode()
    for part in ("1 conversation, 0 messages and 1 lead move", "+4915123440001"):
        assert part in preview
    assert Customer.objects.count() == 2
    response = staff.client.post(address("merge", hidden), {"with": str(numbered.pk)})
    assert response["Location"] == address("change", hidden)
    assert Customer.objects.get().phone == "+4915123440001"
    former = staff.client.get(address("change", numbered), follow=True)
    assert former.redirect_chain[-1][0] == address("change", hidden)
    assert "Undo the merge" in former.content.decode()
    response = staff.client.post(address("unmerge", hidden), {"merge": str(CustomerMerge.objects.get().pk)})
    assert response["Location"] == address("change", numbered)
    assert Customer.objects.count() == 2
    again = staff.client.post(address("unmerge", hidden), {"merge": str(CustomerMerge.objects.get().pk)}, follow=True)
    assert any("undone already" in text for text in messages_of(again))


def test_a_number_that_staff_gave_to_the_customer_who_stays_is_changed_before_an_undo(owner):
    phones = ["+4915123440001", "+4915123440002"]
    for phone in phones:
        owner.has_lead(customer_phone=phone)
    source, target = (Customer.objects.get(phone=phone) for phone in phones)
    done = merge(user_id=owner.id, source_id=source.pk, target_id=target.pk, person_id=owner.id)
    client = staff_of(owner).client
    Customer.objects.filter(pk=target.pk).update(phone=source.phone)
    refused = client.post(address("unmerge", target), {"merge": str(done.pk)}, follow=True)
    assert messages_of(refused) == [
        "The customer who stayed has the other one's number by now. Change it, then undo the merge."
    ]
    assert [customer.pk for customer in Customer.objects.all()] == [target.pk]
    Customer.objects.filter(pk=target.pk).update(phone=target.phone)
    client.post(address("unmerge", target), {"merge": str(done.pk)})
    assert set(Customer.objects.values_list("phone", flat=True)) == set(phones)


@each_case("role, status", [("agent", 302), ("viewer", 403)])
def test_agents_merge_and_viewers_do_not(role, status, owner, pair):
    person = member_of(owner, role)
    assert person.client.post(address("merge", pair[0]), {"with": str(pair[1].pk)}).status_code == status
    assert Customer.objects.count() == (2 if status == 403 else 1)
    assert person.get(address("duplicates", Customer)).status_code == (403 if role == "viewer" else 200)


def test_another_business_sees_and_merges_nothing(owner, stranger, pair):
    done = merge(user_id=owner.id, source_id=pair[0].pk, target_id=pair[1].pk, person_id=None)
    stranger.has_lead()
    theirs = Customer.objects.get(user=stranger.user)
    other = staff_of(stranger)
    for name, form in (("merge", {"with": str(theirs.pk)}), ("unmerge", {"merge": str(done.pk)})):
        other.client.post(address(name, pair[1]), form)
    other.client.post(address("merge", theirs), {"with": str(pair[1].pk)})
    other.client.post(address("unmerge", theirs), {"merge": str(done.pk)})
    assert Customer.objects.count() == 2
    assert other.get(address("change", pair[0]))["Location"] == "/admin/"


@each_case("other", ["", "x", "00000000-0000-0000-0000-000000000000", "self"])
def test_no_other_customer_is_a_sentence(other, owner, pair):
    given = str(pair[0].pk) if other == "self" else other
    response = staff_of(owner).client.get(address("merge", pair[0]), {"with": given}, follow=True)
    assert messages_of(response) == ["Choose two customers."]


def test_hostile_names_are_escaped(owner, pair):
    Customer.objects.update(name=HOSTILE)
    staff = staff_of(owner)
    for response in (
        staff.get(address("change", pair[0])),
        staff.get(address("duplicates", Customer)),
        staff.get(address("merge", pair[0]), **{"with": str(pair[1].pk)}),
    ):
        assert "<script>alert" not in response.content.decode()
