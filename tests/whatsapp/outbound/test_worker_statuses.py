"""Statuses of accepted messages, and of messages with an unknown outcome."""

import pytest

from conversations.models import ParkedStatus
from tests.staff import address, staff_of
from tests.whatsapp import meta
from tests.whatsapp.graph import (
    RESET_ACCEPTED,
    SERVER_ERROR,
    Reaction,
)
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import reloaded


class TestAcceptance:
    def test_an_accepted_message_is_sent_and_has_the_providers_id(self, mailing):
        row = mailing.writes()
        mailing.send_due()
        row = reloaded(row)
        assert (row.status, row.provider_id, row.error, row.leased_until) == ("sent", "wamid.000001", "", None)
        assert not ParkedStatus.objects.exists()
        assert mailing.send_due() == 0

    def test_metas_identifiers_of_the_customer_are_stored(self, mailing):
        body = (
            b'{"contacts": [{"input": "x", "wa_id": "491512345", "user_id": "DE.1"}], "messages": [{"id": "wamid.1"}]}'
        )
        mailing.graph.queue_reactions(Reaction(body=body))
        row = mailing.writes()
        mailing.send_due()
        assert reloaded(row).extras["details"] == {"accepted": {"wa_id": "491512345", "user_id": "DE.1"}}

    def test_statuses_update_the_message(self, mailing, owner):
        row = mailing.writes()
        mailing.send_due()
        for state in ("delivered", "read"):
            Inbox(owner).gets_statuses(meta.status(state, id="wamid.000001"))
            assert reloaded(row).status == state

    def test_a_status_before_the_response_is_applied(self, mailing, owner):
        row = mailing.writes()
        Inbox(owner).gets_statuses(meta.status("delivered", id="wamid.000001"))
        mailing.send_due()
        assert reloaded(row).status == "delivered"

    def test_a_failure_reported_by_a_status_has_advice(self, mailing, owner):
        row = mailing.writes()
        mailing.send_due()
        Inbox(owner).gets_statuses(
            meta.status("failed", id="wamid.000001", errors=[meta.error(131047, "Re-engagement message")])
        )
        row = reloaded(row)
        assert row.status == "failed"
        assert row.error.startswith("131047: Re-engagement message")
        assert "template" in row.error
        answer = owner.client.get(f"/api/messages/{row.pk}").json()
        assert (answer["status"], answer["error"]) == ("failed", row.error)

    @pytest.mark.parametrize("order", [("failed", "delivered"), ("delivered", "failed"), ("failed", "read")])
    def test_a_message_that_has_arrived_shows_no_error_in_thread_and_api(self, mailing, owner, order):
        row = mailing.writes()
        mailing.send_due()
        for state in order:
            errors = {"errors": [meta.error(131026, "Message undeliverable")]} if state == "failed" else {}
            Inbox(owner).gets_statuses(meta.status(state, id="wamid.000001", **errors))
        answer = owner.client.get(f"/api/messages/{row.pk}").json()
        assert (answer["status"], answer["error"]) == (max(order, key=["failed", "delivered", "read"].index), None)
        person = staff_of(owner)
        for shown in (row.conversation, row):
            assert "undeliverable" not in person.get(address("change", shown)).content.decode()


class TestUnknownOutcomes:
    @pytest.fixture
    def unknown(self, mailing):
        mailing.graph.queue_reactions(RESET_ACCEPTED)
        row = mailing.writes()
        mailing.send_due()
        return reloaded(row)

    @pytest.mark.parametrize("state", ["sent", "delivered", "read"])
    def test_a_status_with_our_id_proves_that_it_was_sent(self, unknown, owner, state):
        Inbox(owner).gets_statuses(meta.status(state, id="wamid.9", biz_opaque_callback_data=str(unknown.pk)))
        assert (reloaded(unknown).status, unknown.provider_id) == (state, "wamid.9")
        Inbox(owner).gets_statuses(meta.status("read", id="wamid.9"))
        assert reloaded(unknown).status == "read"

    def test_a_status_with_our_id_proves_that_it_failed(self, unknown, owner):
        failed = meta.status("failed", id="wamid.9", errors=[meta.error(131026, "Undeliverable")])
        Inbox(owner).gets_statuses(failed | {"biz_opaque_callback_data": str(unknown.pk)})
        assert (reloaded(unknown).status, unknown.error) == ("failed", "131026: Undeliverable")

    def test_a_status_of_another_business_with_our_id_is_ignored(self, unknown, stranger):
        report = meta.status("read", id="wamid.9", biz_opaque_callback_data=str(unknown.pk))
        Inbox(stranger, channel="222").gets_statuses(report)
        assert (reloaded(unknown).status, unknown.provider_id) == ("unknown", None)

    @pytest.mark.parametrize("data", ["", "cake", "x" * 600, "01a20e10-c789-751e-8139-2738ff45afdb"])
    def test_invalid_callback_data_is_ignored(self, unknown, owner, data):
        delivery = Inbox(owner).gets_statuses(meta.status("read", id="wamid.9", biz_opaque_callback_data=data))
        assert (delivery.state, reloaded(unknown).status) == ("processed", "unknown")

    def test_a_message_due_for_a_retry_is_not_sent_after_a_status_reports_it_sent(self, mailing, owner):
        mailing.graph.queue_reactions(SERVER_ERROR)
        row = mailing.writes()
        mailing.send_due()
        Inbox(owner).gets_statuses(meta.status("sent", id="wamid.9", biz_opaque_callback_data=str(row.pk)))
        assert mailing.send_all() == 0
        assert reloaded(row).status == "sent"
