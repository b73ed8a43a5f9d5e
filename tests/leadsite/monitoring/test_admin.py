"""Failed transactions in the admin: those of the business, filtered, with what to do."""

import pytest

from leadsite.core import failures
from leadsite.monitoring.models import FailedTransaction
from tests.factories import Business
from tests.staff import ESCAPED, HOSTILE, address, operator, staff_of

pytestmark = pytest.mark.django_db


def failed(business: Business | None, **fields: object) -> FailedTransaction:
    user = business.user if business else None
    return FailedTransaction.objects.create(
        **{"user": user, "source": "api", "sqlstate": "40P01", "operation": "create leads", **fields}
    )


def test_staff_see_those_of_their_business_only(owner: Business, stranger: Business) -> None:
    mine, theirs, nobodys = failed(owner), failed(stranger), failed(None)
    assert staff_of(owner).found(FailedTransaction) == {mine.pk}
    assert operator().found(FailedTransaction) == {mine.pk, theirs.pk, nobodys.pk}
    assert staff_of(owner).get(address("change", theirs)).status_code == 302


def test_they_are_filtered_and_found_by_request(owner: Business) -> None:
    deadlock, lock = failed(owner, request_id="abc"), failed(owner, sqlstate="55P03", source="import")
    staff = staff_of(owner)
    assert staff.found(FailedTransaction, sqlstate="40P01") == {deadlock.pk}
    assert staff.found(FailedTransaction, source__exact="import") == {lock.pk}
    assert staff.found(FailedTransaction, q="abc") == {deadlock.pk}


def test_the_page_says_what_to_do_and_escapes(owner: Business) -> None:
    row = failed(owner, error=HOSTILE, input={"item": HOSTILE})
    page = staff_of(owner).get(address("change", row)).content.decode()
    assert "Nothing was stored: send it again." in " ".join(page.split())
    assert ESCAPED in page
    assert "<script>alert(1)" not in page


def test_nobody_adds_changes_or_deletes_them(owner: Business) -> None:
    row = failed(owner)
    client = operator().client
    assert client.get(address("add", FailedTransaction)).status_code == 403
    assert client.post(address("delete", row), {"post": "yes"}).status_code == 403
    assert FailedTransaction.objects.filter(pk=row.pk).exists()


def test_every_source_can_be_stored() -> None:
    for source in failures.Source.values:
        failed(None, source=source)
