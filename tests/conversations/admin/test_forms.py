"""The form of a customer: normalised numbers and errors."""

import pytest

from conversations.models import Customer
from tests.conversations.admin.rows import OTHER, PHONE, customer_of
from tests.staff import errors_of, staff_of


@pytest.mark.parametrize("typed", ["0049 (151) 0000-0000", OTHER])
def test_a_new_number_is_stored_normalised(owner, typed):
    customer, path = customer_of(owner)
    staff_of(owner).fill(path, phone=typed)
    customer.refresh_from_db()
    assert (customer.phone, customer.phone_key) == (OTHER, OTHER)


@pytest.mark.parametrize(
    ("field", "typed", "error"),
    [
        ("phone", "0151 000", "Write the phone number in international form"),
        ("phone", "", "A customer needs a phone number or a WhatsApp user id."),
        ("phone", "+52 1 55 1234 5678", "Another customer of this business has this phone number."),
        ("whatsapp_user_id", "DE.1", "Another customer of this business has this WhatsApp user id."),
        ("name", "x" * 201, "A name has at most 200 characters."),
    ],
)
def test_an_invalid_value_is_an_error_in_the_form(owner, field, typed, error):
    customer, path = customer_of(owner)
    customer_of(owner, "+525512345678")
    Customer.objects.exclude(pk=customer.pk).update(whatsapp_user_id="DE.1")

    ((problem,),) = errors_of(staff_of(owner).fill(path, **{field: typed})).values()

    assert problem.startswith(error)
    assert Customer.objects.get(pk=customer.pk).phone == PHONE
