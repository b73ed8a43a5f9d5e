"""What a bulk change does with one lead."""

from uuid import UUID

from leads.bulk.outcomes import outcome_of, undo_outcome_of
from leads.models.bulk import LeadValues
from tests.cases import each_case

ME = UUID("01a20e4e-5f63-7d2b-8978-25877e6c373b")
NEW = LeadValues("new", "order", None)
CONTACTED = NEW._replace(status="contacted")
LOST = NEW._replace(status="lost", lost_reason="Too far")
CONVERTED = NEW._replace(status="converted")
MINE = NEW._replace(assigned_to_id=ME)


@each_case(
    ("chosen", "present", "values", "outcome"),
    [
        (NEW, NEW, {"status": "contacted"}, "changed"),
        (NEW, NEW, {"assigned_to_id": str(ME)}, "changed"),
        (MINE, MINE, {"assigned_to_id": None}, "changed"),
        (NEW, NEW, {"type": "booking"}, "changed"),
        (NEW, MINE, {"status": "contacted"}, "changed"),  # somebody changed another field
        (CONTACTED, CONTACTED, {"status": "contacted"}, "same"),
        (NEW, CONTACTED, {"status": "contacted"}, "same"),
        (MINE, MINE, {"assigned_to_id": str(ME)}, "same"),
        (CONVERTED, CONVERTED, {"status": "contacted"}, "refused"),
        (CONVERTED, CONVERTED, {"type": "booking"}, "changed"),  # the order of statuses is no matter of the type
        (NEW, CONTACTED, {"status": "qualified"}, "overtaken"),
        (NEW, None, {"status": "contacted"}, "gone"),
        (NEW, NEW, {"status": "lost", "lost_reason": "Closed"}, "changed"),
        (LOST, LOST, {"status": "lost", "lost_reason": "Closed"}, "same"),
        (NEW, LOST, {"status": "lost", "lost_reason": "Closed"}, "same"),
    ],
)
def test_a_lead_is_changed_or_kept_with_a_reason(chosen, present, values, outcome):
    assert outcome_of(chosen=chosen, present=present, values=values) == outcome


def test_an_undo_gives_back_only_what_the_change_has_written():
    assert undo_outcome_of(present=CONTACTED, values={"status": "contacted"})
    assert not undo_outcome_of(present=CONVERTED, values={"status": "contacted"})
    assert undo_outcome_of(present=MINE, values={"assigned_to_id": str(ME)})
    assert not undo_outcome_of(present=NEW, values={"assigned_to_id": str(ME)})
