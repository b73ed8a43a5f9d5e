"""The service and the SQL functions give the same results: random sequences through both, from equal rows.

One business uses leads/services/create.py, the other create_lead(s)_with_conversation(s).
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.models import Conversation
from leads.models import Lead
from leads.services.create import CreatedLead, create_leads, create_valid_leads
from leads.services.refusals import ExternalIdTaken, LeadRefused
from leads.services.rules import EXTERNAL_ID_TAKEN, LeadError, NewLead
from tests.factories import ORDER, Business

Body = dict[str, str]
Answer = dict[str, Any]

# One customer in three spellings, a second one, and invalid numbers.
PHONES = st.sampled_from(["+52 1 55 1234 5678", "+525512345678", "00 52 55 1234-5678", "+1234567890", "12345", ""])
BODIES = st.fixed_dictionaries(
    {
        "customer_phone": PHONES,
        "customer_name": st.sampled_from(["Ana", " Ana María\u00a0", "Bo", "Zoë 👩", " \u3000"]),
        "type": st.sampled_from(["order", "booking", "inquiry", "Order"]),
    },
    optional={
        "details": st.sampled_from(["", "Cake", "x" * 10_001, 'a "quote" \\ {1,2}']),
        "status": st.sampled_from(["new", "qualified", "lost", "won"]),
        "conversation_status": st.sampled_from(["active", "active", "completed", "archived", "open"]),
        "external_id": st.sampled_from(["a", " a ", "b", "c", ""]),
    },
)
LISTS = st.tuples(st.lists(BODIES, max_size=6), st.booleans())
CLOSINGS = st.sampled_from(["completed", "archived"])
STEPS = st.lists(st.one_of(LISTS, LISTS, CLOSINGS), min_size=1, max_size=12)


def taken(index: int | None = None) -> Answer:
    error = EXTERNAL_ID_TAKEN
    place = {} if index is None else {"index": index, "field": error.field}
    return place | {"error": error.message, "code": error.sqlstate, "constraint": error.constraint}


def by_service(business: Business, bodies: Sequence[Body], *, all_or_nothing: bool) -> list[Answer]:
    """The result of the service for a list, or its error."""
    leads = [NewLead(**body) for body in bodies]
    create: Callable[..., Sequence[CreatedLead | LeadError]] = create_leads if all_or_nothing else create_valid_leads
    try:
        created = create(user_id=business.id, leads=leads, source=Lead.Source.SQL)
    except ExternalIdTaken:
        return [taken()]
    except LeadRefused as refusal:
        return [{"error": refusal.message, "code": refusal.sqlstate, "constraint": refusal.constraint}]
    return [
        {
            "index": index,
            "field": lead.field,
            "error": lead.message,
            "code": lead.sqlstate,
            "constraint": lead.constraint,
        }
        if isinstance(lead, LeadError)
        else {"index": index, "created": lead.conversation_created, "lead": described(lead.lead_id)}
        for index, lead in enumerate(created)
    ]


def by_functions(business: Business, bodies: Sequence[Body], *, all_or_nothing: bool) -> list[Answer]:
    """The same from the function for lists, or from the one for a single lead if it has an argument for every field."""
    if len(bodies) == 1 and all_or_nothing and "external_id" not in bodies[0]:
        body = {"details": None, "conversation_status": "active", "status": "new"} | bodies[0]
        order = ("customer_phone", "customer_name", "type", "details", "conversation_status", "status")
        answer = business.call_function(*(body[name] for name in order))
        results = [answer | {"index": 0}]
    else:
        answer = business.call_batch_function(bodies, all_or_nothing=all_or_nothing)
        results = answer["results"]
    if all_or_nothing and not answer["success"]:
        return [{name: answer[name] for name in ("error", "code", "constraint")}]
    return [
        {"index": one["index"], "created": one["conversation_created"], "lead": described(UUID(one["lead_id"]))}
        if one["success"]
        else {name: one[name] for name in ("index", "field", "error", "code", "constraint")}
        for one in results
    ]


def described(lead_id: UUID) -> tuple[Any, ...]:
    lead = Lead.objects.select_related("conversation__customer").get(pk=lead_id)
    conversation = lead.conversation
    return lead.type, lead.details, lead.status, lead.external_id, conversation.status, conversation.customer.phone_key


def rows(business: Business) -> list[Any]:
    """All leads with their conversations and customers, without ids and times, in the order of the ids."""
    leads = Lead.objects.filter(user=business.user).order_by("pk").select_related("conversation__customer")
    place = {
        pk: number
        for number, pk in enumerate(
            Conversation.objects.filter(user=business.user)
            .order_by("customer__phone_key", "pk")
            .values_list("pk", flat=True)
        )
    }
    return [
        (
            *(lead.type, lead.details, lead.status, lead.external_id, lead.source, lead.version, lead.assigned_to_id),
            *(place[lead.conversation_id], lead.conversation.status, lead.conversation.customer.phone),
            *(lead.conversation.customer.name, business.row_counts()),
        )
        for lead in leads
    ]


def take_steps(one: Business, other: Business, steps: Sequence[Any]) -> None:
    for step in steps:
        if isinstance(step, str):
            Conversation.objects.filter(status="active").update(status=step)
            continue
        bodies, all_or_nothing = step
        answers = by_service(one, bodies, all_or_nothing=all_or_nothing)
        assert answers == by_functions(other, bodies, all_or_nothing=all_or_nothing)
        assert rows(one) == rows(other)


def test_a_sequence_with_every_kind_of_answer(owner: Business, stranger: Business) -> None:
    """A fixed sequence, so that each kind of answer is compared in every run."""
    other = ORDER | {"customer_phone": "+52 1 55 1234 5678", "external_id": "a"}
    take_steps(
        owner,
        stranger,
        [
            ([ORDER], True),
            ([other, ORDER | {"customer_name": "Jon"}, other | {"customer_phone": "+525512345678"}], False),
            ([other | {"external_id": "b"}, ORDER | {"external_id": "a"}], True),
            ([ORDER | {"type": "oder"}, ORDER | {"external_id": "a"}], True),
            ([ORDER | {"conversation_status": status} for status in ("completed", "active", "completed")], True),
            "completed",
            ([other | {"external_id": "b"}, ORDER, ORDER | {"status": "lost"}], True),
            ([], True),
        ],
    )
    assert owner.row_counts() == (2, 6, 9)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_random_sequences_leave_the_same_rows_and_answers(
    owner: Business, stranger: Business, steps: Sequence[Any]
) -> None:
    with transaction.atomic():
        take_steps(owner, stranger, steps)
        transaction.set_rollback(True)
