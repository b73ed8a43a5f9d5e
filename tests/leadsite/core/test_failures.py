"""Which errors are reported as failed transactions, once each."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, OperationalError
from django.http import Http404
from django.test import RequestFactory
from rest_framework.exceptions import ValidationError

from leads.services.change import UnknownLead
from leads.services.refusals import LeadRefused, UnknownBusiness
from leadsite.core import failures
from leadsite.core.failures import Failure, Source


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Failure]:
    reported: list[Failure] = []
    monkeypatch.setattr(failures, "_listeners", [reported.append])
    return reported


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause
    except Exception as caught:
        return caught


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("away"),
        IntegrityError("twice"),
        KeyError("bug"),
        UnknownBusiness(),
        LeadRefused("Not so.", field="type", constraint="leads_type_valid", sqlstate="23514"),
        raised(LeadRefused("Not so.", field=None), IntegrityError()),
    ],
)
def test_what_the_database_or_the_program_did_not_do_is_reported(told: list[Failure], error: Exception) -> None:
    failures.report(error, attempt=1)
    assert len(told) == 1


@pytest.mark.parametrize(
    "error",
    [UnknownLead("No.", field=None), Http404(), PermissionDenied(), ValidationError("no")],
)
def test_an_answer_is_no_failure(told: list[Failure], error: Exception) -> None:
    failures.report(error)
    assert told == []


def test_the_source_of_a_process_and_of_a_block(told: list[Failure]) -> None:
    with failures.entered(Source.IMPORT):
        failures.report(OperationalError("a"), operation="one")
    failures.report(OperationalError("b"), operation="two")
    assert [(one.operation, one.source) for one in told] == [("one", "import"), ("two", "manual")]


def test_the_same_error_is_reported_once(told: list[Failure]) -> None:
    error = OperationalError("away")
    failures.report(error)
    failures.report(error)
    failures.report(raised(LeadRefused("Not so.", field=None), error))
    assert len(told) == 1


def test_a_request_whose_handling_of_a_reported_failure_fails_too_is_reported_once(
    told: list[Failure], rf: RequestFactory
) -> None:
    first, second = OperationalError("away"), OperationalError("still away")
    failures.report(first)
    second.__context__ = first
    failures.report_request(second, rf.post("/api/leads"))
    failures.report_request(OperationalError("another"), rf.get("/api/leads"))
    assert len(told) == 1


def test_what_cannot_be_described_does_not_replace_the_error(told: list[Failure]) -> None:
    class Hostile:
        @property
        def user_id(self) -> None:
            raise ValueError

    def service(argument: object) -> None:
        """Its argument cannot be read."""

    error = OperationalError("away")
    failures.annotate(error, service, (Hostile(),), {})
    failures.report(error)
    assert told == []


def test_ids_are_in_the_order_of_time(told: list[Failure]) -> None:
    failures.report(OperationalError())
    assert told[0].id.version == 7
