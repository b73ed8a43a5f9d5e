"""Numbers of a business: connected, stopped, resumed, and their tokens."""

import logging
from time import time

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from conversations.models import Message
from leadsite.core.encryption import encrypt
from tests.staff import address, errors_of, operator
from tests.whatsapp import meta
from tests.whatsapp.graph import (
    Reaction,
    error,
)
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA, NEW_TOKEN, TOKEN, Mailing, reloaded
from whatsapp import channels
from whatsapp.channels import connect_channel
from whatsapp.models import Channel, ChannelInvalid
from whatsapp.outbound import queue
from whatsapp.outbound.enqueue import MessageContent, Recipient, send_message
from whatsapp.outbound.outcomes import Stopped


class TestNumbers:
    def test_without_a_number_a_message_waits_until_one_is_connected(self, owner, graph):
        queued = send_message(user_id=owner.id, to=Recipient(phone=AMINA), message=MessageContent(content="Hello"))
        assert queue.claim(16) == []
        connect_channel(user_id=owner.id, phone_number_id=meta.CHANNEL, access_token=TOKEN)
        assert [message.id for message in queue.claim(16)] == [queued.message_id]

    def test_without_a_token_the_number_stops(self, owner, graph):
        mailing = Mailing(owner, graph, token="")
        row = mailing.writes()
        mailing.send_due()
        assert (reloaded(row).status, graph.requests) == ("queued", 0)
        assert mailing.reload().stop_reason == "No access token is stored for this number. Store one."

    def test_a_stopped_number_does_not_delay_messages_through_another(self, mailing, owner):
        mailing.writes("one")
        Channel.objects.update(stopped_at=timezone.now())
        connect_channel(user_id=owner.id, phone_number_id="2222", access_token=TOKEN)
        Inbox(owner, channel="2222").gets(meta.text("Hello", from_=AMINA[1:]))
        mailing.writes("two")
        mailing.send_due()
        assert mailing.states() == [("one", "queued"), ("two", "sent")]

    def test_a_number_that_is_switched_off_sends_nothing(self, mailing):
        mailing.writes()
        Channel.objects.update(active=False)
        assert queue.claim(16) == []

    def test_messages_of_a_number_given_to_another_business_do_not_go_through_it(self, mailing, stranger):
        mailing.writes()
        Channel.objects.update(user=stranger.user)
        assert queue.claim(16) == []


def test_all_messages_are_sent_after_a_new_token_is_stored(revoked):
    revoked.send_due()
    assert revoked.graph.ledger == []
    assert {status for _, status in revoked.states()} == {"queued"}
    assert revoked.reload().stop_reason.endswith("Store a new access token at the number.")
    arguments = ["--email", revoked.business.user.email, "--phone-number-id", meta.CHANNEL]
    call_command("create_business", *arguments, "--access-token", NEW_TOKEN)
    revoked.send_due()
    assert sorted(revoked.graph.texts()) == ["message 0", "message 1", "message 2"]
    assert (revoked.reload().stopped_at, revoked.channel.stop_reason) == (None, "")
    assert [row.error for row in Message.objects.all()] == [""] * 3


def test_a_refusal_of_the_old_token_does_not_stop_the_new_one(mailing):
    mailing.writes()
    (message,) = queue.claim(16)
    channels.connect_channel(user_id=mailing.business.id, phone_number_id=meta.CHANNEL, access_token=NEW_TOKEN)
    queue.record([(message, Stopped("190: The token was revoked."))])
    assert mailing.reload().stopped_at is None
    mailing.send_due()
    assert [entry["token"] for entry in mailing.graph.ledger] == [NEW_TOKEN]


def test_a_status_from_before_sending_was_resumed_does_not_stop_the_number_again(mailing, owner):
    mailing.writes()
    mailing.send_due()
    channels.stop_channel(channel_id=mailing.channel.pk, reason="131042: Pay.")
    failed = meta.status("failed", id="wamid.000001", timestamp=int(time()) - 5)
    channels.resume_channel(channel_id=mailing.channel.pk)
    Inbox(owner).gets_statuses(failed | {"errors": [meta.error(131042)]})
    assert mailing.reload().stopped_at is None


def test_stray_messages_go_to_a_number_that_lives(mailing, owner):
    living = Channel.objects.create(user=owner.user, phone_number_id="333")
    Channel.objects.filter(pk=mailing.channel.pk).update(stopped_at="2026-01-01T00:00:00Z")
    row = mailing.writes()
    Message.objects.filter(pk=row.pk).update(channel_id=None)
    assert channels.reroute_messages(user_id=owner.id) == 1
    assert Message.objects.get().channel_id == living.pk


class TestSecrets:
    @pytest.mark.parametrize("token", ["EAAG\u200btoken", "EAAG\ntoken", "EAAG\ttoken", "EAAG…", "x" * 5000])
    def test_an_invalid_token_is_refused(self, mailing, owner, token):
        with pytest.raises(ChannelInvalid):
            channels.connect_channel(user_id=owner.id, phone_number_id="333", access_token=token)
        person = operator()
        assert list(errors_of(person.fill(address("change", mailing.channel), access_token=token))) == ["access_token"]

    @pytest.mark.parametrize("token", ["EAAG\u200btoken", "EAAG\ntoken"])
    def test_an_invalid_token_that_is_stored_stops_the_number_and_is_not_logged(self, mailing, caplog, token):
        Channel.objects.update(encrypted_access_token=encrypt(token))
        mailing.writes()
        mailing.send_due()
        assert [status for _, status in mailing.states()] == ["queued"]
        assert "Store the token again" in mailing.reload().stop_reason
        assert "EAAG" not in caplog.text

    def test_the_token_is_stored_encrypted_and_never_logged(self, mailing, caplog):
        caplog.set_level(logging.DEBUG)
        assert TOKEN not in mailing.reload().encrypted_access_token
        mailing.graph.queue_reactions(error(999_999), Reaction(body=b"nonsense", accepts=True))
        for number in range(3):
            mailing.writes(to=f"+4915100000{number:03}")
        (message,) = queue.claim(1)
        assert TOKEN not in repr(message)
        assert message.token not in repr(message)
        mailing.send_due()
        assert TOKEN not in caplog.text
        assert AMINA not in caplog.text

    def test_a_token_encrypted_with_a_missing_key_stops_the_number_with_the_reason(self, mailing, settings):
        settings.FIELD_ENCRYPTION_KEYS = ["another key of at least 16 characters"]
        mailing.writes()
        mailing.send_due()
        assert "FIELD_ENCRYPTION_KEYS" in mailing.reload().stop_reason
        assert mailing.graph.requests == 0

    def test_tokens_can_be_encrypted_with_a_new_key(self, mailing, settings, capsys):
        old = settings.FIELD_ENCRYPTION_KEYS
        settings.FIELD_ENCRYPTION_KEYS = ["a new key of at least 16 characters", *old]
        assert mailing.reload().access_token == TOKEN
        call_command("rotate_tokens")
        assert capsys.readouterr().out == "1 token encrypted with the first of FIELD_ENCRYPTION_KEYS.\n"
        settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
        assert mailing.reload().access_token == TOKEN

    def test_a_rotation_that_cannot_decrypt_a_token_changes_none(self, mailing, settings):
        before = mailing.reload().encrypted_access_token
        settings.FIELD_ENCRYPTION_KEYS = ["an unrelated key of 16 characters"]
        Channel.objects.create(
            user=mailing.business.user, phone_number_id="333", encrypted_access_token=encrypt("readable")
        )
        with pytest.raises(CommandError, match="FIELD_ENCRYPTION_KEYS"):
            call_command("rotate_tokens")
        assert mailing.reload().encrypted_access_token == before
