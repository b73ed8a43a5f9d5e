"""What is counted of creations, and reported of those that were left out."""

from uuid import uuid4

import pytest

from leads.creation_counts import count_creations
from leads.services.rules import EXTERNAL_ID_TAKEN, NAME_MISSING, NewLead
from leadsite.core import failures, metrics
from leadsite.core.failures import Failure


def counted(outcome: str) -> float:
    return float(metrics.CREATIONS.labels("api", outcome)._value.get())


def test_created_and_refused_leads_are_counted_and_conflicts_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Failure] = []
    monkeypatch.setattr(failures, "_listeners", [told.append])
    created, refused, user_id = counted("created"), counted("refused"), uuid4()
    leads = [NewLead(customer_phone="+4915112345678", customer_name="Anna", type="order")] * 4
    count_creations(user_id, "api", leads, [object(), EXTERNAL_ID_TAKEN, object(), NAME_MISSING])
    assert (counted("created"), counted("refused")) == (created + 2, refused + 2)
    assert [(one.constraint, one.sqlstate, one.user_id) for one in told] == [
        ("leads_external_id_unique", "23505", user_id)
    ]
    assert told[0].input["item"]["customer_phone"] == "+49…78"
