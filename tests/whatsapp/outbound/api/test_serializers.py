"""Bodies of requests that send messages: errors and defaults."""

import json

from leads.models import Lead
from tests.cases import each_case
from tests.envelope import refused
from tests.whatsapp.mailing import AMINA, HELLO, TEMPLATE, nothing_stored


def test_omitted_fields_of_a_lead_have_defaults(mailing):
    body = mailing.post(**HELLO, createLead=True, customerName="Amina").json()
    lead = Lead.objects.get(pk=body["lead_id"])
    assert (lead.type, lead.details) == ("inquiry", "")


@each_case(
    ("field", "value"),
    [
        *(("to", value) for value in ["", "12", "0151 2345678", "US", "US.", "us.123", "US.12-3", 49151234567, None]),
        *(("message", value) for value in ["", "  \n", "x" * 4097, 5, None, ["a"], "a\0b", "\ud800"]),
        *(("createLead", value) for value in ["true", 1, None, "no"]),
        *(("customerName", value) for value in ["x" * 201, 5, "a\0b", "\ud800"]),
        *(("leadType", value) for value in ["cake", 5, "\ud800"]),
        *(("details", value) for value in ["x" * 10_001, {}, "a\0"]),
        *(("template", value) for value in ["cake", [], {}, {"name": "Cake!"}, {"name": "cake", "language": 5}]),
        ("template", TEMPLATE | {"components": "none"}),
        ("template", TEMPLATE | {"components": [{"text": "a\0"}]}),
        ("template", TEMPLATE | {"components": [{"text": "\ud800"}]}),
        ("template", TEMPLATE | {"components": [{"text": "x" * 40_000}]}),
        ("template", TEMPLATE | {"button": "press"}),
    ],
)
def test_an_invalid_field_is_named_and_nothing_is_stored(mailing, field, value):
    body = HELLO | {"createLead": True, "customerName": "Amina"} | {field: value}
    if field == "template":
        del body["message"]
    answer = mailing.business.client.post("/api/whatsapp", json.dumps(body), content_type="application/json")
    assert list(refused(answer, 400)["fields"]) == [field]
    assert nothing_stored(mailing.business)


def test_all_invalid_fields_are_named_at_once(mailing):
    body = refused(mailing.post(to="12", message="", leadType="x", createLead=3), 400)
    assert set(body["fields"]) == {"to", "message", "leadType", "createLead"}


def test_either_a_message_or_a_template_is_needed(mailing):
    both = refused(mailing.post(**HELLO, template=TEMPLATE), 400)
    neither = refused(mailing.post(to=AMINA), 400)
    assert list(both["fields"]) == list(neither["fields"]) == ["message"]


def test_a_nested_template_is_never_a_fault(mailing):
    """Just below the parser's own limit, json.dumps met Python's limit of recursion."""
    body = {name: value for name, value in HELLO.items() if name != "message"}
    for depth in range(60, 1000, 20):
        nested = '{"a":' * depth + "0" + "}" * depth
        template = json.dumps(TEMPLATE | {"components": ["here"]}).replace('"here"', nested)
        text = json.dumps(body | {"template": "here"}).replace('"here"', template)
        answer = mailing.business.client.post("/api/whatsapp", text, content_type="application/json")
        assert answer.status_code == (202 if depth == 60 else 400), (depth, answer.content)


def test_a_number_that_is_too_large_is_400_before_the_database(mailing):
    body = {name: value for name, value in HELLO.items() if name != "message"}
    template = TEMPLATE | {"components": [{"type": "body", "amount": "here"}]}
    for number in ("1e400", "-1e400", "1" * 400 + ".0"):
        text = json.dumps(body | {"template": template}).replace('"here"', number)
        answer = mailing.business.client.post("/api/whatsapp", text, content_type="application/json")
        found = refused(answer, 400)
        assert (found["code"], "too large" in found["error"]) == ("malformed", True), found
    assert nothing_stored(mailing.business)
