"""create_lead_once and create_leads_once: a repeated lead is found by its external id."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from leads.models import Lead
from leads.services.create import CreatedLead, create_lead_once
from leads.services.create_many import create_leads_once
from leads.services.refusals import ExternalIdTaken
from leads.services.rules import EXTERNAL_ID_TAKEN, LeadError, NewLead
from tests.factories import ORDER, Business, new_lead
from tests.sessions import session, waiting
from tests.site import until

OTHER_PHONE = "+1234567891"


def lead_of(phone: str = "+1234567890", **fields: str) -> NewLead:
    return new_lead(customer_phone=phone, **fields)


def created_leads_of(business: Business, leads: list[NewLead], *, all_or_nothing: bool) -> list[CreatedLead]:
    created = create_leads_once(user_id=business.id, leads=leads, source="api", all_or_nothing=all_or_nothing)
    return [one for one in created if isinstance(one, CreatedLead)]


def once(business: Business, lead: NewLead) -> CreatedLead:
    return create_lead_once(user_id=business.id, lead=lead, source="api")


def test_a_repeated_lead_returns_the_existing_lead_unchanged(owner: Business) -> None:
    open_one = once(owner, lead_of())
    first = once(owner, lead_of(external_id="order-17"))
    repeated = once(owner, lead_of(external_id="order-17", details="Changed since"))
    assert (first.existed, repeated.existed) == (False, True)
    assert (repeated.lead_id, repeated.conversation_id, repeated.conversation_created) == (
        first.lead_id,
        first.conversation_id,
        False,
    )
    assert first.open_leads == repeated.open_leads == [open_one.lead_id]
    assert Lead.objects.get(pk=first.lead_id).details != "Changed since"


def test_the_external_id_of_another_customer_is_taken(owner: Business) -> None:
    once(owner, lead_of(external_id="order-17"))
    with pytest.raises(ExternalIdTaken):
        once(owner, lead_of(OTHER_PHONE, external_id="order-17"))


def test_another_business_has_external_ids_of_its_own(owner: Business, stranger: Business) -> None:
    once(owner, lead_of(external_id="order-17"))
    assert not once(stranger, lead_of(external_id="order-17")).existed


def test_leads_without_an_external_id_are_created_each_time(owner: Business) -> None:
    assert not once(owner, lead_of()).existed
    assert not once(owner, lead_of()).existed


def test_a_lead_created_between_look_up_and_insert_is_found(owner: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    first = once(owner, lead_of(external_id="order-17"))
    looked_up = Lead.objects.by_external_id
    answers = [{}, looked_up(user_id=owner.id, external_ids=["order-17"])]
    monkeypatch.setattr(Lead.objects, "by_external_id", lambda **asked: answers.pop(0))
    repeated = once(owner, lead_of(external_id="order-17"))
    assert (repeated.lead_id, repeated.existed) == (first.lead_id, True)


@pytest.mark.parametrize("all_or_nothing", [True, False])
def test_existing_leads_of_a_list_are_found_and_the_others_are_created(owner: Business, all_or_nothing: bool) -> None:
    first = once(owner, lead_of(external_id="a"))
    leads = [lead_of(external_id="b"), lead_of(external_id="a"), lead_of()]
    created = created_leads_of(owner, leads, all_or_nothing=all_or_nothing)
    assert [one.existed for one in created] == [False, True, False]
    repeated = created_leads_of(owner, leads[:2], all_or_nothing=all_or_nothing)
    assert [one.lead_id for one in repeated] == [created[0].lead_id, first.lead_id]
    assert Lead.objects.count() == 3


def test_an_external_id_of_another_customer_refuses_the_whole_list_or_only_its_lead(owner: Business) -> None:
    once(owner, lead_of(external_id="a"))
    leads = [lead_of(OTHER_PHONE, external_id="a"), lead_of(external_id="b")]
    with pytest.raises(ExternalIdTaken):
        create_leads_once(user_id=owner.id, leads=leads, source="api", all_or_nothing=True)
    assert Lead.objects.count() == 1
    refused, created = create_leads_once(user_id=owner.id, leads=leads, source="api", all_or_nothing=False)
    assert refused == EXTERNAL_ID_TAKEN
    assert not isinstance(created, LeadError)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("all_or_nothing", [True, False])
def test_a_list_that_is_sent_twice_at_once_is_created_once(owner: Business, all_or_nothing: bool) -> None:
    rows = [ORDER | {"customer_phone": phone, "external_id": phone[-1]} for phone in ("+1234567890", OTHER_PHONE)]
    with session() as first, session() as observer, ThreadPoolExecutor(1) as pool:
        first.execute("SELECT create_leads_with_conversations(%s, %s)", [owner.id, json.dumps(rows)])

        def commit() -> None:
            until(lambda: waiting(observer) == 1)
            first.commit()

        committed = pool.submit(commit)
        # The third is new: it is created beside them.
        leads = [NewLead(**rows[0]), NewLead(**rows[1]), lead_of("+1234567892", external_id="2")]
        created = created_leads_of(owner, leads, all_or_nothing=all_or_nothing)
        committed.result()
    assert [one.existed for one in created] == [True, True, False]
    assert Lead.objects.count() == 3


def test_an_empty_list_creates_nothing(owner: Business) -> None:
    assert create_leads_once(user_id=owner.id, leads=[], source="api", all_or_nothing=True) == []
