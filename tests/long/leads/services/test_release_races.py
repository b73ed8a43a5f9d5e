"""Work is taken back while another session writes to several of its customers."""

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from conversations.models import Conversation
from leads.models import Lead
from leads.services import release
from leads.tasks import release_work
from leadsite.accounts.models import Rotation, User
from tests.sessions import lock_customer, processes, session, waiting
from tests.site import until
from tests.staff import person_of

PHONES = ("+4915123440001", "+4915123440002")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", [Conversation, Lead])
def test_it_holds_nothing_while_it_waits_for_who_writes_to_several_customers(model, owner):
    person = person_of(owner, "agent")
    for phone in PHONES:
        owner.has_lead(customer_phone=phone)
    person.memberships.all().delete()
    model.objects.update(assigned_to=person)
    first, second = model.objects.order_by("pk").values_list("pk", flat=True)
    row = f"SELECT FROM {model._meta.db_table} WHERE id = %s FOR NO KEY UPDATE NOWAIT"
    with processes(1) as pool, session() as writer:
        for phone in PHONES:
            lock_customer(writer, owner.id, phone)
        writer.execute(row, [second])
        released = pool.submit(release.release_work, business_id=owner.id, person_id=person.pk)
        until(lambda: waiting(writer) == 1)
        # If it held this one, the two would wait for each other.
        writer.execute(row, [first])
        writer.rollback()
        assert released.result() == 2


@pytest.mark.django_db(transaction=True)
def test_a_lead_whose_transaction_outlasts_the_removal_is_taken_back_after_its_end(owner):
    """A large import may take minutes as one transaction, and gives its leads to people in turn."""
    person = person_of(owner, "agent")
    Rotation.objects.create(business_id=owner.id)
    User.objects.filter(pk=owner.id).update(is_active=False)  # nobody else has a turn
    with session() as client:
        create = "SELECT create_lead_with_conversation(%s, %s, 'Ann', 'order', 'sql')"
        client.execute(create, [owner.id, PHONES[0]])
        person.memberships.all().delete()
        release_work(business_id=str(owner.id), person_id=str(person.pk))
        client.commit()
    assert Lead.objects.get().assigned_to == person
    job = ProcrastinateJob.objects.get(task_name=release_work.name, status="todo")
    release_work(**job.args)
    assert Lead.objects.get().assigned_to is None
