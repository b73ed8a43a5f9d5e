"""A file is uploaded before its message is sent, within the lease of the message."""

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from conversations.models import Message
from tests.cases import each_case
from tests.conversations.media.away import NO_CONNECTION, bucket_error, storage_raises
from tests.whatsapp.graph import Reaction
from tests.whatsapp.mailing import AMINA, Mailing, reloaded
from tests.whatsapp.provider_files import PDF
from whatsapp.outbound import queue
from whatsapp.outbound.providers import cloud_media

pytestmark = pytest.mark.django_db
ID = b'{"id": "4490709327384033"}'


@pytest.fixture
def offer(mailing: Mailing) -> Message:
    """A queued message with a file."""
    given = {"content": base64.b64encode(PDF).decode(), "filename": "offer.pdf"}
    assert mailing.post(to=AMINA, media=given).status_code == 202
    return Message.objects.get()


@contextmanager
def all_upload(seconds: float) -> Iterator[None]:
    """As many uploads as there may be at a time are at work, for so long."""
    uploads = 4
    for _ in range(uploads):
        assert cloud_media._uploads.acquire(timeout=0)
    timer = threading.Timer(seconds, cloud_media._uploads.release, [uploads])
    timer.start()
    try:
        yield
    finally:
        timer.join()


@contextmanager
def short_lease() -> Iterator[pytest.MonkeyPatch]:
    """Of 0.6 s with a file; its request may begin a second after the claim."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(queue, "LEASE_SECONDS", 0.1)
        patched.setattr(queue, "BEGIN_SECONDS", 0.5)
        yield patched


def test_a_message_whose_lease_would_end_before_its_turn_to_upload_is_sent_later(mailing, offer):
    with short_lease() as patched, all_upload(seconds=2):
        patched.setattr(cloud_media, "UPLOAD_SECONDS", 0.6)
        mailing.send_due()
    # Somebody may have been told that it is unknown, and have sent it again.
    assert mailing.graph.ledger == []
    assert (reloaded(offer).status, "in time" in offer.error) == ("queued", True)
    mailing.graph.queue_reactions(Reaction(body=ID))
    mailing.send_all()
    assert (reloaded(offer).status, len(mailing.graph.ledger)) == ("sent", 1)


def test_a_message_whose_lease_ended_while_its_file_was_uploaded_is_not_sent(mailing, offer):
    mailing.graph.queue_reactions(Reaction(body=ID, seconds=1.2))
    with short_lease():
        mailing.send_due()
    assert mailing.graph.ledger == []
    assert reloaded(offer).status == "queued"


OUTAGES: dict[str, Exception] = {
    "a folder that is not there": PermissionError("x"),
    "a disk": OSError(5, "Input/output error"),
    "a bucket that is busy": bucket_error(503),
    "a bucket that cannot be reached": NO_CONNECTION,
}


@pytest.mark.parametrize("late", [False, True])
@each_case("outage", OUTAGES)
def test_a_message_waits_for_the_storage_of_its_file(mailing, offer, outage, late):
    with storage_raises(OUTAGES[outage], late=late):
        mailing.send_due()
    assert (reloaded(offer).status, offer.attempts) == ("queued", 1)
    assert offer.error.startswith("The file was not uploaded. The storage of files does not answer.")
    mailing.graph.queue_reactions(Reaction(body=ID))
    mailing.send_all()
    assert (reloaded(offer).status, offer.error) == ("sent", "")


def test_a_message_whose_file_is_not_in_the_bucket_fails(mailing, offer):
    with storage_raises(bucket_error(404)):
        mailing.send_due()
    assert (reloaded(offer).status, "not stored any more" in offer.error) == ("failed", True)
