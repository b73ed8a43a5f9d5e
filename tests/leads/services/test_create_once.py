"""create_lead_once and create_leads_once: a lead that a client sends again is found by its external id."""

import pytest

from leads.models import Lead
from leads.services.create import CreatedLead, create_lead_once, create_leads_once
from leads.services.refusals import ExternalIdTaken
from leads.services.rules import EXTERNAL_ID_TAKEN, LeadError, NewLead
from tests.factories import Business, new_lead

OTHER_PHONE = "+1234567891"


def lead_of(phone: str = "+1234567890", **fields: str) -> NewLead:
    return new_lead(customer_phone=phone, **fields)


def made_of(business: Business, leads: list[NewLead], *, all_or_nothing: bool) -> list[CreatedLead]:
    made = create_leads_once(user_id=business.id, leads=leads, source="api", all_or_nothing=all_or_nothing)
    return [one for one in made if isinstance(one, CreatedLead)]


def once(business: Business, lead: NewLead) -> CreatedLead:
    return create_lead_once(user_id=business.id, lead=lead, source="api")


def test_a_lead_sent_again_is_the_lead_there_is_and_stays_as_it_is(owner: Business) -> None:
    open_one = once(owner, lead_of())
    first = once(owner, lead_of(external_id="order-17"))
    again = once(owner, lead_of(external_id="order-17", details="Changed since"))
    assert (first.existed, again.existed) == (False, True)
    assert (again.lead_id, again.conversation_id, again.conversation_created) == (
        first.lead_id,
        first.conversation_id,
        False,
    )
    assert first.open_leads == again.open_leads == [open_one.lead_id]
    assert Lead.objects.get(pk=first.lead_id).details != "Changed since"


def test_the_external_id_of_another_customer_is_taken(owner: Business) -> None:
    once(owner, lead_of(external_id="order-17"))
    with pytest.raises(ExternalIdTaken):
        once(owner, lead_of(OTHER_PHONE, external_id="order-17"))


def test_another_business_has_external_ids_of_its_own(owner: Business, stranger: Business) -> None:
    once(owner, lead_of(external_id="order-17"))
    assert not once(stranger, lead_of(external_id="order-17")).existed


def test_leads_without_external_id_are_made_each_time(owner: Business) -> None:
    assert not once(owner, lead_of()).existed
    assert not once(owner, lead_of()).existed


def test_a_lead_that_is_made_between_look_up_and_insert_is_found(
    owner: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = once(owner, lead_of(external_id="order-17"))
    looked_up = Lead.objects.by_external_id
    answers = [{}, looked_up(user_id=owner.id, external_ids=["order-17"])]
    monkeypatch.setattr(Lead.objects, "by_external_id", lambda **asked: answers.pop(0))
    again = once(owner, lead_of(external_id="order-17"))
    assert (again.lead_id, again.existed) == (first.lead_id, True)


@pytest.mark.parametrize("all_or_nothing", [True, False])
def test_of_a_list_what_is_there_is_found_and_the_rest_is_made(owner: Business, all_or_nothing: bool) -> None:
    first = once(owner, lead_of(external_id="a"))
    leads = [lead_of(external_id="b"), lead_of(external_id="a"), lead_of()]
    made = made_of(owner, leads, all_or_nothing=all_or_nothing)
    assert [one.existed for one in made] == [False, True, False]
    again = made_of(owner, leads[:2], all_or_nothing=all_or_nothing)
    assert [one.lead_id for one in again] == [made[0].lead_id, first.lead_id]
    assert Lead.objects.count() == 3


def test_of_a_list_one_with_anothers_external_id_stops_all_or_is_left_out(owner: Business) -> None:
    once(owner, lead_of(external_id="a"))
    leads = [lead_of(OTHER_PHONE, external_id="a"), lead_of(external_id="b")]
    with pytest.raises(ExternalIdTaken):
        create_leads_once(user_id=owner.id, leads=leads, source="api", all_or_nothing=True)
    assert Lead.objects.count() == 1
    refused, made = create_leads_once(user_id=owner.id, leads=leads, source="api", all_or_nothing=False)
    assert refused == EXTERNAL_ID_TAKEN
    assert not isinstance(made, LeadError)


def test_of_an_empty_list_nothing_is_made(owner: Business) -> None:
    assert create_leads_once(user_id=owner.id, leads=[], source="api", all_or_nothing=True) == []
