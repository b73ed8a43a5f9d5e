"""Random updates: what the dry run predicts, what the import changes, and what the undo gives back."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.leads.importing.operator import counts, import_leads, write
from tests.leads.importing.updates import STORED, check_update, update_files

HEADER = "Phone,Name,Type,Notes,External ID,Status"


# tests/long has more of them. Without shrinking, which takes minutes at three commands an example.
@settings(
    max_examples=10,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(stored=STORED, file=update_files())
def test_an_update_changes_what_the_file_says_as_the_dry_run_said_and_can_be_undone(owner, tmp_path, stored, file):
    check_update(owner, tmp_path, stored, file)


@pytest.mark.parametrize("on_duplicate", ["skip", "create", "update"])
def test_leads_of_earlier_batches_are_recognised(owner, tmp_path, on_duplicate):
    """In batches of one row: the same id twice, the same of another customer, the same lead, another lead."""
    rows = [
        "+4915100000001,Anna,order,Cake,a,",
        "+4915100000001,Anna,order,Cake,a,contacted",
        "+4915100000002,Bert,order,Cake,a,",
        "+4915100000002,Bert,order,Bread,,",
        "+4915100000002,Bert,order,Bread,,",
        "+4915100000002,Bert,order,Bread,,new",
        "+4915100000001,Anna,order,,a,new",
    ]
    file = write(tmp_path / "a.csv", *rows, header=HEADER)
    options = ("--on-duplicate", on_duplicate, "--batch-size", 1)
    expected = {
        "skip": counts(created=2, skipped=4, failed=1),
        "create": counts(created=4, failed=3),
        "update": counts(created=2, updated=1, skipped=2, failed=2),
    }[on_duplicate]
    assert import_leads(owner, file, "--dry-run", *options).counts == expected
    assert import_leads(owner, file, *options).counts == expected


def test_it_says_field_by_field_what_would_change(owner, tmp_path):
    owner.has_lead(customer_phone="+4915100000001", customer_name="Anna", type="order", details="Cake", external_id="a")
    file = write(
        tmp_path / "a.csv",
        "+4915100000001,Anna B.,,Two cakes,a,contacted",
        "+4915100000001,Anna B.,order,,a,contacted",
        "+4915100000002,Bert,order,Bread,b,",
        header=HEADER,
    )
    summary = import_leads(owner, file, "--on-duplicate", "update", "--dry-run").summary
    assert summary["changes"] == [
        {
            "line": 2,
            "changes": {
                "status": ["new", "contacted"],
                "details": ["Cake", "Two cakes"],
                "customer_name": ["Anna", "Anna B."],
            },
        }
    ]
    assert summary["changed_fields"] == {"status": 1, "details": 1, "customer_name": 1}
    assert (summary["created"], summary["updated"], summary["skipped"]) == (1, 1, 1)
