"""GET /api/conversations: the filters."""

from tests.envelope import refused


def test_conversations_are_found_by_the_customers_number_in_any_spelling(owner, stranger):
    lead = owner.has_lead(customer_phone="+5215512345678")
    owner.has_lead()
    stranger.has_lead(customer_phone="+5215512345678")
    for spelling in ("+5215512345678", "+52 (0)55 1234 5678", "0052.55.1234.5678", "\u202a+525512345678\u202c"):
        answer = owner.client.get("/api/conversations", {"customer_phone": spelling})
        assert [found["id"] for found in answer.json()["results"]] == [str(lead.conversation_id)]
    body = refused(owner.client.get("/api/conversations", {"customer_phone": "0155 123"}), 400)
    assert list(body["fields"]) == ["customer_phone"]


def test_another_value_of_waiting_than_true_or_false_is_400(owner):
    owner.has_lead()
    for value, count in (("true", 0), ("false", 1)):
        assert len(owner.client.get("/api/conversations", {"waiting": value}).json()["results"]) == count
    body = refused(owner.client.get("/api/conversations", {"waiting": "banana"}), 400)
    assert list(body["fields"]) == ["waiting"]
