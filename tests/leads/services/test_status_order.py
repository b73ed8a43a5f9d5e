"""Status transitions of leads, in the service and through the API."""

import itertools
from typing import Any

import pytest

from leads.models import Lead
from leads.services.refusals import LeadRefused
from leads.services.status_order import TRANSITIONS, StatusNotAllowed, check_status, move_error
from tests.cases import each_case
from tests.envelope import refused
from tests.factories import Business

STATUSES = Lead.Status.values


def patch(business: Business, before: str, **changes: str) -> Any:
    lead_id = business.has_lead(status=before).lead_id
    return business.client.patch(f"/api/leads/{lead_id}", changes, format="json")


def test_the_table_has_every_status() -> None:
    assert set(TRANSITIONS) == set(STATUSES)


@each_case(("before", "after"), list(itertools.product(STATUSES, STATUSES)))
def test_each_status_follows_the_table(before: str, after: str) -> None:
    lead = Lead(status=before)
    if before == after or after in TRANSITIONS[before]:
        assert move_error(before, after) is None
        check_status(lead, {"status": after, "lost_reason": "Too far away"})
    else:
        with pytest.raises(StatusNotAllowed) as refusal:
            check_status(lead, {"status": after, "lost_reason": "Too far away"})
        assert refusal.value.allowed == TRANSITIONS[before]


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_lost_lead_needs_a_reason(reason: str) -> None:
    with pytest.raises(LeadRefused) as refusal:
        check_status(Lead(status="new"), {"status": "lost", "lost_reason": reason})
    assert refusal.value.field == "lost_reason"
    check_status(Lead(status="new", lost_reason="Too far away"), {"status": "lost"})
    check_status(Lead(status="lost"), {"details": "Newer"})


@pytest.mark.django_db
class TestThroughTheApi:
    @each_case(("before", "after"), list(itertools.product(STATUSES, STATUSES)))
    def test_each_status_follows_the_table(self, owner: Business, before: str, after: str) -> None:
        answer = patch(owner, before, status=after, lost_reason="Too far away")
        if before == after or after in TRANSITIONS[before]:
            assert (answer.status_code, answer.json()["status"]) == (200, after)
        else:
            body = refused(answer, 409)
            assert body["code"] == "status_not_allowed"
            assert body["fields"]["allowed"] == list(TRANSITIONS[before])
            assert Lead.objects.get().status == before

    def test_a_lost_lead_needs_a_reason(self, owner: Business) -> None:
        assert list(refused(patch(owner, "new", status="lost"), 400)["fields"]) == ["lost_reason"]
        assert Lead.objects.get().status == "new"
        answer = patch(owner, "new", status="lost", lost_reason="Too far away")
        assert answer.json()["lost_reason"] == "Too far away"
