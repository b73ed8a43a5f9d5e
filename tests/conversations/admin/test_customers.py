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


def test_an_old_form_keeps_a_name_that_was_stored_in_the_meantime(owner):
    staff = staff_of(owner)
    customer, path = customer_of(owner)
    old_form = staff.form(path)
    owner.has_lead(customer_phone=PHONE, customer_name="A newer name")

    staff.send(path, old_form, phone=OTHER)

    customer.refresh_from_db()
    assert (customer.name, customer.phone) == ("A newer name", OTHER)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("row_stays", [True, False])
def test_a_number_taken_concurrently_is_a_form_error(owner, monkeypatch, row_stays):
    """The other row is inserted after validation. A second validation finds it, unless it has been deleted again."""
    staff = staff_of(owner)
    _, path = customer_of(owner)
    write_row = OwnedAdmin.save_model
    insert = "INSERT INTO customers (user_id, phone, name, updated_at) VALUES (%s, %s, 'Other', now())"

    def save_after_concurrent_insert(page, request, obj, form, change):
        with session() as other_session:
            other_session.execute(insert, [owner.id, OTHER])
            other_session.commit()
        try:
            write_row(page, request, obj, form, change)
        finally:
            if not row_stays:
                with session() as other_session:
                    other_session.execute("DELETE FROM customers WHERE phone = %s", [OTHER])
                    other_session.commit()

    monkeypatch.setattr(OwnedAdmin, "save_model", save_after_concurrent_insert)
    response = staff.fill(path, phone=OTHER, name="Typed")

    if row_stays:
        assert errors_of(response) == {"__all__": ["Another customer of this business has this phone number."]}
        assert 'value="Typed"' in response.content.decode()
    else:
        assert response.status_code == 302
        (message,) = messages_of(staff.get(response.url))
        assert message.startswith("Not saved: another session is changing the same data.")
    assert Customer.objects.filter(name="Typed").count() == 0
