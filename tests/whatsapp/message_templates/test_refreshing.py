"""What is known of the last reading of the templates."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.factories import Business
from tests.whatsapp.mailing import TOKEN
from tests.whatsapp.template_list import TemplateList
from whatsapp.channels import connect_channel
from whatsapp.message_templates import refreshing, sync
from whatsapp.message_templates.refreshing import (
    DEMO,
    NO_ACCOUNT,
    REFRESH,
    problem_of_reading,
    readings_of,
    refresh_all,
    refresh_asked,
)
from whatsapp.models import Channel, ListedTemplate


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


@pytest.fixture
def two_accounts(owner: Business, stranger: Business, templates: TemplateList) -> TemplateList:
    """The owner's account 77, and the stranger's 88."""
    for business, account in ((owner, "77"), (stranger, "88")):
        connect_channel(user_id=business.id, phone_number_id=account, access_token=TOKEN, waba_id=account)
    return templates


def read(templates: TemplateList) -> list[str]:
    """The accounts that were read, in this order."""
    return [path.split("/")[2] for path, _, _ in templates.requests]


def while_the_first_is_read(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    list_templates = sync.list_templates

    def slowly(channel: Channel) -> list[ListedTemplate]:
        monkeypatch.setattr(sync, "list_templates", list_templates)
        happens()
        return list_templates(channel)

    monkeypatch.setattr(sync, "list_templates", slowly)


def never() -> bool:
    return False


def test_a_process_reads_all_accounts_once_at_a_time(two_accounts, monkeypatch):
    """Where Meta does not answer, the next readings would otherwise keep all jobs of the worker busy."""
    while_the_first_is_read(monkeypatch, lambda: refresh_all(should_stop=never))
    refresh_all(should_stop=never)
    assert read(two_accounts) == ["77", "88"]
    refresh_all(should_stop=never)
    assert read(two_accounts) == ["77", "88"] * 2


def test_a_reading_ends_when_the_worker_stops_and_when_its_time_is_over(two_accounts, monkeypatch):
    refresh_all(should_stop=lambda: len(two_accounts.requests) == 1)
    assert read(two_accounts) == ["77"]
    monkeypatch.setattr(refreshing, "ALL_SECONDS", -1.0)
    refresh_all(should_stop=never)
    assert read(two_accounts) == ["77"]


def test_who_asks_while_another_business_is_read_comes_next(two_accounts, owner, stranger, monkeypatch):
    while_the_first_is_read(monkeypatch, lambda: refresh_asked(user_id=stranger.id, should_stop=never))
    refresh_asked(user_id=owner.id, should_stop=never)
    assert read(two_accounts) == ["77", "88"]


def test_who_asks_does_not_wait_until_all_are_read(two_accounts, owner, monkeypatch):
    while_the_first_is_read(monkeypatch, lambda: refresh_asked(user_id=owner.id, should_stop=never))
    refresh_all(should_stop=never)
    assert read(two_accounts) == ["77", "77", "88"]


@pytest.fixture
def waiting(two_accounts, owner, stranger, monkeypatch) -> Callable[[], list[str]]:
    """The stranger asks while the owner's account is read. The businesses for which jobs are queued then."""
    while_the_first_is_read(monkeypatch, lambda: refresh_asked(user_id=stranger.id, should_stop=never))
    jobs = ProcrastinateJob.objects.filter(task_name=REFRESH, status="todo").order_by("id")
    return lambda: [args["user_id"] for args in jobs.values_list("args", flat=True)]


def test_who_has_asked_is_read_later_where_the_worker_stops(waiting, two_accounts, owner, stranger):
    refresh_asked(user_id=owner.id, should_stop=lambda: len(two_accounts.requests) > 0)
    assert read(two_accounts) == ["77"]
    assert waiting() == [str(owner.id), str(stranger.id)], "the owner may have more accounts"
    refresh_asked(user_id=owner.id, should_stop=never)
    assert read(two_accounts) == ["77", "77"]


def test_who_has_asked_is_read_later_where_another_reading_raises(waiting, two_accounts, owner, stranger, monkeypatch):
    store = sync._store

    def failing(*given: Any, **more: Any) -> Any:
        monkeypatch.setattr(sync, "_store", store)
        raise OperationalError("away")

    monkeypatch.setattr(sync, "_store", failing)
    with pytest.raises(OperationalError):
        refresh_asked(user_id=owner.id, should_stop=never)
    assert waiting() == [str(stranger.id)]
    refresh_asked(user_id=owner.id, should_stop=never)
    assert read(two_accounts) == ["77", "77"]
