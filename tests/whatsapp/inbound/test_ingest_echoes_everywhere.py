"""What the business wrote by other means, as staff and programs see it: an answer, and no event of a message."""

import pytest

from tests.cases import each_case
from tests.whatsapp import meta
from tests.whatsapp.inbound.test_ingest_echoes import ECHOES, TEXT, nested, threads
from tests.whatsapp.inbox import deliver
from tests.whatsapp.mailing import AMINA, TOKEN
from whatsapp.channels import connect_channel
from whatsapp.outbound import queue
from whatsapp.outbound.enqueue import MessageContent, Recipient, send_message
from whatsapp.outbound.outcomes import Sent

OLD = meta.text("When do you open?", timestamp=meta.NOON - 60)
IN_HISTORY = {
    "by the business's number": meta.text(TEXT, from_=meta.BUSINESS, to=meta.SHEENA),
    "by its number with the customer's user id": meta.text(
        TEXT, from_=meta.BUSINESS, from_user_id=meta.SHEENA_ID, to=meta.SHEENA
    ),
    "by its number in another spelling": meta.text(TEXT, from_="+1 555-078-3881", to=meta.SHEENA),
}
LABELS = {
    "nested in standby": " [answered by Meta's agent]",
    "flat in standby": " [answered by Meta's agent]",
    "under history": " [from the phone] [imported history]",
    "in a chunk of history": " [from the phone] [imported history]",
}


@each_case("name", ECHOES)
def test_an_echo_is_seen_as_ours_and_is_no_event(inbox, views, name):
    deliver(ECHOES[name])
    rows, page, api, events = views.seen()
    assert (rows, api, events) == ([f"out text: {TEXT}"], [f"out text: {TEXT}"], [])
    assert page == [f"{TEXT}{LABELS.get(name, ' [from the phone]')} [Sent]"]


@each_case("name", IN_HISTORY)
def test_of_an_old_thread_each_side_is_seen_as_it_was(inbox, views, name):
    deliver(meta.change("history", threads(OLD, IN_HISTORY[name])))
    question = "When do you open?"
    rows, page, api, events = views.seen()
    assert rows == api == [f"in text: {question}", f"out text: {TEXT}"]
    assert page == [f"{question} [imported history]", f"{TEXT} [imported history] [Sent]"]
    assert (inbox.leads, events) == ([], [])


class TestEchoesOfOurMessages:
    """They arrive while the worker waits for the response of Meta's API."""

    @pytest.fixture
    def sending(self, inbox, views):
        connect_channel(user_id=inbox.business.id, phone_number_id=meta.CHANNEL, access_token=TOKEN)
        content = MessageContent(content=TEXT)
        send_message(user_id=inbox.business.id, to=Recipient(phone=AMINA), message=content)
        (message,) = queue.claim(1)
        return message

    @each_case("place", ["flat", "nested in standby"])
    @each_case("named", [True, False])
    def test_one_message_is_seen_with_one_event_for_each_status(self, inbox, views, sending, place, named):
        more = {"biz_opaque_callback_data": str(sending.id)} if named else {}
        ids = {"id": f"wamid.{sending.id}"} | more
        if place == "flat":
            inbox.gets_change("smb_message_echoes", message_echoes=[meta.echo(TEXT, to=AMINA[1:], **ids)])
        else:
            inbox.gets_change("standby", standby={"message_echoes": [nested(to=AMINA[1:]) | ids]})
        queue.record([(sending, Sent(f"wamid.{sending.id}"))])
        inbox.gets_statuses(meta.status("delivered", id=f"wamid.{sending.id}"))
        rows, page, api, events = views.seen()
        assert (rows, api) == ([f"out text: {TEXT}"], [f"out text: {TEXT}"])
        assert [line.partition(" [")[0] for line in page] == [TEXT]
        assert page[0].endswith("[Delivered]")
        assert events == [f"message.status: {TEXT} (sent)", f"message.status: {TEXT} (delivered)"]
