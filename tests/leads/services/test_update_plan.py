"""The pure decisions of updates: which lead a row is about, and what it changes."""

from uuid import UUID

import pytest

from leads.services.file_rows import UPDATE, check_rows
from leads.services.status_order import TRANSITIONS
from leads.services.update_plan import Known, Plan, PlannedLead, plan_updates

PHONE = "+4915100000001"


def known(*leads: tuple[str, str, str, str | None]) -> Known:
    found = Known(names={PHONE: "Anna"})
    for number, (lead_type, details, status, external_id) in enumerate(leads):
        found.add(PlannedLead(UUID(int=number), PHONE, external_id, lead_type, details, status))
    return found


def planned(stored: Known, *rows: dict[str, str], defaults: dict[str, str] | None = None) -> Plan:
    said = [{"customer_phone": PHONE, "customer_name": "Anna"} | row for row in rows]
    return plan_updates(check_rows(said, defaults=defaults or {"type": "inquiry"}, on_duplicate=UPDATE), stored)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"external_id": "a", "status": "contacted"}, 0),
        ({"type": "booking", "status": "contacted"}, 1),
        ({"details": "Table", "status": "contacted"}, 1),
        ({"type": "order", "details": "Bread", "status": "contacted"}, 2),
        ({"type": "booking", "details": "", "status": "contacted"}, 1),
    ],
)
def test_the_lead_is_the_only_one_that_has_what_the_row_says(said, expected):
    stored = known(("order", "Cake", "new", "a"), ("booking", "Table", "new", None), ("order", "Bread", "new", None))
    plan = planned(stored, said)
    assert [lead.id for lead in plan.touched] == [UUID(int=expected)]
    assert plan.updated == 1


def test_a_row_that_may_be_about_several_leads_is_refused_where_it_would_change_one():
    leads = [("order", "Cake", "new", "a"), ("order", "Bread", "contacted", None)]
    plan = planned(known(*leads), {"type": "order", "status": "lost"}, {"type": "order"}, {})
    assert list(plan.errors) == [0]
    assert "2 leads that this row may be about (order new, order contacted)" in plan.errors[0].message
    assert plan.unchanged == 2


def test_the_rows_without_a_match_create_leads_with_defaults_and_later_rows_change_those():
    rows = [{"details": "Cake"}, {"type": "order"}, {"details": "Cake", "status": "qualified"}]
    plan = planned(known(), *rows, defaults={"type": "inquiry", "status": "contacted"})
    assert [(lead.type, lead.details, lead.status) for lead in plan.created.values()] == [
        ("inquiry", "Cake", "qualified"),
        ("order", "", "contacted"),
    ]
    assert plan.updated == 1


@pytest.mark.parametrize("before", TRANSITIONS)
def test_a_status_follows_the_table_of_rest_and_a_refused_row_changes_nothing(before):
    for after in TRANSITIONS:
        stored = known(("order", "Cake", before, "a"))
        plan = planned(stored, {"external_id": "a", "status": after, "details": "Bread", "customer_name": "Bert"})
        if after == before or after in TRANSITIONS[before]:
            assert (plan.updated, stored.names[PHONE]) == (1, "Bert")
            continue
        assert (plan.touched, plan.changes, stored.names[PHONE]) == ([], [], "Anna")
        message = plan.errors[0].message
        assert f"A lead that is {before} cannot become {after}" in message
        assert all(allowed in message for allowed in TRANSITIONS[before])


def test_statuses_are_judged_one_after_the_other():
    rows = [{"external_id": "a", "status": status} for status in ("converted", "new", "lost", "contacted")]
    plan = planned(known(("order", "Cake", "new", "a")), *rows)
    assert list(plan.errors) == [1]
    assert [change[2:] for change in plan.changes] == [
        ("new", "converted"),
        ("converted", "lost"),
        ("lost", "contacted"),
    ]
    assert plan.touched[0].status == "contacted"


def test_a_row_that_only_updates_needs_its_lead():
    stored = known(("order", "Cake", "new", "a"))
    rows = check_rows(
        [{"external_id": "a", "status": "contacted"}, {"external_id": "b", "status": "contacted"}],
        defaults={"type": "inquiry"},
        on_duplicate=UPDATE,
    )
    plan = plan_updates(rows, stored)
    assert (plan.updated, [error.field for error in plan.errors.values()]) == (1, ["customer_phone"])
