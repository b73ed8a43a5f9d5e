"""The self-check: each corruption is found and named, and what is right is not."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DataError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Message
from leadsite.monitoring import integrity
from leadsite.monitoring.integrity import CHECK_FAILED, check_integrity
from leadsite.monitoring.integrity_checks import CHECKS, MISSING_RULE, Check
from leadsite.monitoring.models import IntegrityRun
from tests.factories import Business
from tests.leadsite.monitoring.corruptions import CORRUPTIONS, PHONE, corrupt, two_businesses
from tests.staff import operator, staff_of
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from whatsapp.channels import connect_channel
from whatsapp.models import Channel

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrity, "RANGE", 2)


def test_what_the_site_stores_is_right(owner: Business, stranger: Business) -> None:
    two_businesses(owner, stranger)
    inbox = Inbox(owner)
    inbox.gets(meta.text("Hello"), meta.text("Are you open?"))
    owner.client.post("/api/whatsapp", {"to": PHONE, "message": "Yes"}, format="json")
    owner.client.post("/api/whatsapp", {"to": f"+{meta.SHEENA}", "message": "Yes"}, format="json")
    assert check_integrity() == []
    assert IntegrityRun.objects.get().total == 0


def test_messages_that_wait_for_hours_are_found_where_their_number_could_send_them(
    owner: Business, stranger: Business
) -> None:
    number = connect_channel(user_id=owner.id, phone_number_id=meta.CHANNEL, access_token="a token")
    owner.client.post("/api/whatsapp", {"to": PHONE, "message": "Yes"}, format="json")
    Message.objects.update(due_at="2026-01-01T00:00:00Z")
    assert [found.check for found in check_integrity()] == ["late_send"]
    # Moved to another business: it sends nothing of the first.
    Channel.objects.filter(pk=number.pk).update(user=stranger.user)
    assert check_integrity() == []


def test_a_closed_conversation_that_waits_is_found(owner: Business) -> None:
    Inbox(owner).gets(meta.text("Hello"))
    Conversation.objects.update(status="completed")
    assert [found.check for found in check_integrity()] == ["waiting_without_message"]


@pytest.mark.parametrize("check", sorted(CORRUPTIONS))
def test_a_corruption_is_found_and_named(check: str, owner: Business, stranger: Business) -> None:
    two_businesses(owner, stranger)
    corrupt(check, owner, stranger)
    found = {finding.check: finding for finding in check_integrity()}
    assert check in found, found
    assert found[check].count >= 1
    assert found[check].examples
    assert found[check].what_to_do.endswith(".")


def test_a_check_that_fails_is_a_finding_and_does_not_stop_the_others(
    owner: Business, stranger: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_businesses(owner, stranger)
    corrupt("doubled_active_conversation", owner, stranger)
    failing = Check(name="fails", table="conversations", condition="1 / 0 = 1", meaning="", advice="")
    monkeypatch.setattr(integrity, "CHECKS", (failing, *CHECKS))
    found = {finding.check: finding for finding in check_integrity()}
    assert (found[CHECK_FAILED].count, found[CHECK_FAILED].examples) == (1, ["fails"])
    assert "doubled_active_conversation" in found
    assert IntegrityRun.objects.get().total == len(found)


def test_where_the_connection_is_lost_nothing_else_is_checked(owner: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    owner.has_lead()
    failing = Check(name="fails", table="leads", condition="1 / 0 = 1", meaning="", advice="")
    monkeypatch.setattr(integrity, "CHECKS", (failing, *CHECKS))
    monkeypatch.setattr(connection, "is_usable", lambda: False)
    with pytest.raises(DataError):
        check_integrity()
    assert not IntegrityRun.objects.exists()


def test_each_check_has_a_name_of_its_own_and_a_sentence() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names) >= 20
    assert set(CORRUPTIONS) <= {*names, MISSING_RULE}


def test_the_command_names_findings_and_exits_with_1(owner: Business, stranger: Business) -> None:
    two_businesses(owner, stranger)
    out = StringIO()
    call_command("check_integrity", stdout=out)
    assert "nothing is wrong" in out.getvalue()
    corrupt("doubled_active_conversation", owner, stranger)
    for arguments in ([], ["--json"]):
        out = StringIO()
        with pytest.raises(CommandError) as failed:
            call_command("check_integrity", *arguments, stdout=out)
        assert failed.value.returncode == 1
        assert "doubled_active_conversation" in out.getvalue()
    report = json.loads(out.getvalue())
    assert report["ok"] is False
    (finding,) = [one for one in report["findings"] if one["check"] == "doubled_active_conversation"]
    assert (finding["count"], finding["businesses"]) == (1, [str(owner.id)])


def test_the_number_of_statements_grows_with_ranges_only(
    owner: Business, stranger: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity, "RANGE", 20_000)
    two_businesses(owner, stranger)
    with CaptureQueriesContext(
        connection,
    ) as few:
        check_integrity()
    Inbox(owner).gets(*[meta.text(f"Hello {n}") for n in range(20)])
    with CaptureQueriesContext(connection) as many:
        check_integrity()
    assert len(many) == len(few)


def test_findings_are_on_the_start_page_of_operators_and_at_metrics(
    owner: Business, stranger: Business, client: Client
) -> None:
    two_businesses(owner, stranger)
    check_integrity()
    assert "self-check" not in operator().get("/admin/overview/").content.decode()
    corrupt("doubled_active_conversation", owner, stranger)
    check_integrity()
    page = client.get("/metrics").content.decode()
    assert 'leadsite_integrity_findings{check="doubled_active_conversation"} 1.0' in page
    assert "leadsite_integrity_age_seconds" in page
    assert "self-check" not in staff_of(owner).get("/admin/overview/").content.decode()
