"""An import or undo whose process is suspended (SIGSTOP) in the middle of a step: others continue within seconds."""

from pathlib import Path

import pytest

from conversations.models import Customer
from leads.models import ImportRun, Lead
from tests.factories import Business
from tests.leads.importing.operator import counts, import_leads, run, write
from tests.sessions import is_free, suspended
from tests.site import until

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = "+4915123456789"
ROWS = (f"{PHONE},Amina,order,Cake,", "+4915100000001,Bruno,order,Bread,", f"{PHONE},Amina,booking,Table,")


@pytest.fixture
def file(owner: Business, tmp_path: Path) -> Path:
    """A file whose first batch creates a customer, and whose second has another lead of the customer."""
    return write(tmp_path / "leads.csv", *ROWS)


def test_a_suspended_import_locks_customers_for_seconds_only_and_is_resumed(owner: Business, file: Path):
    arguments = ("import_leads", file, "--user", owner.user.email, "--batch-size", 2)
    with suspended(run, *arguments, after="INTO customers", times=2) as importing:
        assert not is_free(Customer.objects.filter(phone=PHONE))
        until(lambda: is_free(Customer.objects.filter(phone=PHONE)))
        owner.has_lead(customer_phone=PHONE)
    result = importing.result()
    assert (result.code, "--resume" in result.error) == (2, True), result.error
    assert ImportRun.objects.get().state == ImportRun.State.FAILED
    assert import_leads(owner, file, "--resume", "--batch-size", 2).counts == counts(created=3)
    assert Lead.objects.filter(source="import").count() == 3


@pytest.mark.parametrize("option", ["--atomic", "--dry-run"])
def test_a_suspended_atomic_import_or_dry_run_locks_customers_for_seconds_only(
    owner: Business, file: Path, option: str
):
    owner.has_lead(customer_phone=PHONE)
    with suspended(run, "import_leads", file, "--user", owner.user.email, option, after="INTO customers") as importing:
        until(lambda: is_free(Customer.objects.filter(phone=PHONE)))
    assert (importing.result().code, Lead.objects.filter(source="import").count()) == (2, 0)
    assert import_leads(owner, file, option).counts == counts(created=3)


def test_a_suspended_undo_locks_customers_for_seconds_only_and_is_repeated(owner: Business, file: Path):
    run_id = import_leads(owner, file).summary["run"]
    with suspended(run, "undo_import", run_id, after="DELETE FROM leads") as undoing:
        assert not is_free(Customer.objects.filter(phone=PHONE))
        until(lambda: is_free(Customer.objects.filter(phone=PHONE)))
    result = undoing.result()
    assert (result.code, f"undo_import {run_id}" in result.error) == (2, True), result.error
    assert owner.row_counts() == (2, 2, 3)
    assert run("undo_import", run_id).summary["removed"] == 3
    assert owner.row_counts() == (0, 0, 0)
