import pytest

from conversations.phone import PhoneInvalid
from leads.importing.phones.columns import PhoneColumn
from leads.migrating.phones import read_old_phone


@pytest.mark.parametrize(
    ("cell", "phone"),
    [
        ("whatsapp:+4915112345678", "+4915112345678"),
        ("79001234567@c.us", "+79001234567"),
        ("4915112345678:12@s.whatsapp.net", "+4915112345678"),
        ("+49 (0)151 1234-5678", "+4915112345678"),
        ("004915112345678", "+4915112345678"),
    ],
)
def test_what_gateways_and_people_wrote(cell, phone):
    assert read_old_phone(cell, PhoneColumn(), international=False) == phone


def test_digits_alone_need_to_be_explained():
    assert read_old_phone("7900 123-4567", PhoneColumn(), international=True) == "+79001234567"
    assert read_old_phone("0151 12345678", PhoneColumn(region="DE"), international=True) == "+4915112345678"
    with pytest.raises(PhoneInvalid):
        read_old_phone("0151 12345678", PhoneColumn(), international=True)
    with pytest.raises(PhoneInvalid):
        read_old_phone("120363020000000000@g.us", PhoneColumn(), international=False)
