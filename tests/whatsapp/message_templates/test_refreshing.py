"""What is known of the last reading of the templates."""

from django.utils import timezone

from tests.factories import Business
from whatsapp.message_templates.refreshing import DEMO, NO_ACCOUNT, problem_of_reading, readings_of
from whatsapp.models import Channel


def number(owner: Business, id_: str, account: str, **fields: object) -> Channel:
    return Channel.objects.create(user=owner.user, phone_number_id=id_, waba_id=account, **fields)


def test_of_several_numbers_in_an_account_the_last_reading_counts(owner: Business):
    number(owner, "1", "77")
    number(owner, "2", "77", templates_read_at=timezone.now(), templates_error="Meta answered 403")
    number(owner, "3", "")
    number(owner, "4", "88", active=False)
    assert [(one.account, one.error) for one in readings_of(owner.id)] == [("77", "Meta answered 403")]


def test_why_nothing_is_read_is_said(owner: Business, settings):
    assert problem_of_reading(owner.id) == DEMO
    settings.WHATSAPP_BACKEND = "cloud"
    assert problem_of_reading(owner.id) == NO_ACCOUNT
    number(owner, "1", "77")
    assert problem_of_reading(owner.id) == ""
