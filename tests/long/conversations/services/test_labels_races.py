"""A label is deleted while another session writes to several of the customers who have it."""

import pytest

from conversations.models import Conversation, Label
from conversations.services.labels import delete_label
from tests.factories import Business
from tests.sessions import lock_customer, processes, session, waiting
from tests.site import until

PHONES = ("+4915123440001", "+4915123440002")


@pytest.mark.django_db(transaction=True)
def test_it_holds_nothing_while_it_waits_for_who_writes_to_several_customers(owner: Business):
    label = Label.objects.create(user=owner.user, name="Gone")
    for phone in PHONES:
        owner.has_lead(customer_phone=phone)
    Conversation.objects.update(label_ids=[label.pk])
    first, second = Conversation.objects.order_by("pk").values_list("pk", flat=True)
    row = "SELECT FROM conversations WHERE id = %s FOR NO KEY UPDATE NOWAIT"
    with processes(1) as pool, session() as writer:
        for phone in PHONES:
            lock_customer(writer, owner.id, phone)
        writer.execute(row, [second])
        deleted = pool.submit(delete_label, user_id=owner.id, label_id=label.pk)
        until(lambda: waiting(writer) == 1)
        # If it held this one, the two would wait for each other.
        writer.execute(row, [first])
        writer.rollback()
        deleted.result()
    assert not Conversation.objects.exclude(label_ids=[]).exists()
