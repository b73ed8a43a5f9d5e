"""Bodies of leads: every invalid field is named."""

import json

from tests.cases import each_case
from tests.envelope import refused
from tests.factories import NOTHING, ORDER


def test_all_invalid_fields_are_named_at_once(owner):
    body = refused(owner.post_lead({"customer_phone": "12", "customer_name": "", "type": "x", "status": "y"}), 400)
    assert body["code"] == "invalid"
    assert set(body["fields"]) == {"customer_phone", "customer_name", "type", "status"}
    assert owner.row_counts() == NOTHING


@each_case("field", ["customer_phone", "customer_name", "type", "details", "status", "external_id"])
@each_case("text", ["a\0b", "\ud800", "+1234567890\0", "order\udfff"])
def test_text_that_cannot_be_stored_is_refused_with_its_field(owner, field, text):
    answer = owner.client.post("/api/leads", json.dumps(ORDER | {field: text}), content_type="application/json")
    assert list(refused(answer, 400)["fields"]) == [field]
