"""Behaviour common to the admin of customers, conversations and messages."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Customer, Message
from tests.conversations.admin.rows import PHONE, two_conversations, write
from tests.staff import address, staff_of


@pytest.mark.parametrize("model", [Customer, Conversation, Message])
def test_rows_of_another_business_do_not_exist_for_staff(model, owner, stranger):
    write(two_conversations(stranger)[1], "Secret")
    write(two_conversations(owner)[1], "Mine")
    staff = staff_of(owner)
    theirs = model.objects.filter(user=stranger.user)[0]

    assert staff.found(model) == set(model.objects.filter(user=owner.user).values_list("pk", flat=True))
    for query in ({"user__id__exact": str(stranger.id)}, {"q": PHONE}, {"id__exact": str(theirs.pk)}):
        assert theirs.pk not in staff.found(model, **query)
    for page in ("change", "history", "delete"):
        assert staff.get(address(page, theirs)).status_code in {302, 403}
        assert staff.send(address(page, theirs), {}, status="archived", name="Mine").status_code in {302, 403}
    assert model.objects.get(pk=theirs.pk).updated_at == theirs.updated_at


@pytest.mark.parametrize("model", [Customer, Conversation, Message])
def test_the_rows_of_a_page_are_not_searched_for_again(model, owner):
    """Where all are known when they are counted. To search a large table for a rare word takes as long each time."""
    write(two_conversations(owner)[1], "Secret")
    staff = staff_of(owner)
    with CaptureQueriesContext(connection) as all_statements:
        found = staff.found(model, q=PHONE)
    searching = [one["sql"] for one in all_statements if " LIKE " in one["sql"]]
    assert found
    assert len(searching) == 1, searching
