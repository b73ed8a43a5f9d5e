"""Customers in the admin."""

import pytest

from conversations.models import Customer
from leadsite.adminkit.owned import OwnedAdmin
from tests.conversations.admin.rows import OTHER, PHONE, customer_of
from tests.sessions import session
from tests.staff import errors_of, messages_of, staff_of


def test_two_businesses_can_have_customers_with_the_same_number(owner, stranger):
    customer_of(stranger, OTHER)
    _, path = customer_of(owner)
    assert staff_of(owner).fill(path, phone=OTHER).status_code == 302


def test_an_old_form_keeps_a_name_that_arrived_in_the_meantime(owner):
    people = staff_of(owner)
    customer, path = customer_of(owner)
    old = people.form(path)
    owner.has_lead(customer_phone=PHONE, customer_name="A newer name")

    people.send(path, old, phone=OTHER)

    customer.refresh_from_db()
    assert (customer.name, customer.phone) == ("A newer name", OTHER)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rival_stays", [True, False])
def test_the_loser_of_a_race_for_a_number_gets_a_form_error(owner, monkeypatch, rival_stays):
    """The rival's row is inserted after validation. A second validation finds it, unless it has been deleted again."""
    people = staff_of(owner)
    _, path = customer_of(owner)
    write_row = OwnedAdmin.save_model
    insert = "INSERT INTO customers (user_id, phone, name, updated_at) VALUES (%s, %s, 'Rival', now())"

    def late(page, request, obj, form, change):
        with session() as rival:
            rival.execute(insert, [owner.id, OTHER])
            rival.commit()
        try:
            write_row(page, request, obj, form, change)
        finally:
            if not rival_stays:
                with session() as rival:
                    rival.execute("DELETE FROM customers WHERE phone = %s", [OTHER])
                    rival.commit()

    monkeypatch.setattr(OwnedAdmin, "save_model", late)
    response = people.fill(path, phone=OTHER, name="Typed")

    if rival_stays:
        assert errors_of(response) == {"__all__": ["Another customer of this business has this phone number."]}
        assert 'value="Typed"' in response.content.decode()
    else:
        assert response.status_code == 302
        (message,) = messages_of(people.get(response.url))
        assert message.startswith("Not saved: another session is changing the same data.")
    assert Customer.objects.filter(name="Typed").count() == 0
