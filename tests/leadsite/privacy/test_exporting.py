"""The export of a person: all that is kept about them, and nothing of others."""

import json

import pytest

from leadsite.privacy.exporting import as_json, count_traces, export_customer
from tests.leadsite.privacy.conftest import OTHER

pytestmark = pytest.mark.django_db


def test_it_has_all_that_is_kept_and_nothing_of_others(person, owner):
    document = json.loads(as_json(export_customer(person)))
    assert document["customer"]["phone"] == "+16505551234"
    assert [message["content"] for message in document["messages"]] == ["My secret"]
    assert {lead["details"] for lead in document["leads"]} == {"My secret", "secret cake"}
    found = document["found_elsewhere"]
    assert found["import_refusals"][0]["theirs"]["cells"] == ["Sheena", "(650) 555-1234"]
    theirs = found["webhook_deliveries"][0]["theirs"]
    assert "Sheena Nelson" in {part["profile"]["name"] for part in theirs if "profile" in part}
    assert found["messages"][0]["mentioned_in"] == ["content"]
    text = json.dumps(document)
    assert [word for word in (OTHER, "Otto", "Ask") if word in text] == []


def test_the_numbers_before_an_erasure(person):
    counts = count_traces(person)
    assert (counts["customers"], counts["messages"] >= 1, counts["webhook_deliveries"]) == (1, True, 3)
