"""The page of a customer: the download, and the erasure that must be typed."""

import io
import json
import os
import tracemalloc
import zipfile

import pytest

from conversations.media import files
from conversations.models import Conversation, Customer, Message, StoredMedia
from leadsite.privacy.models import Erasure
from tests.staff import member_of, staff_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(owner):
    owner.post_lead()
    return f"/admin/conversations/customer/{Customer.objects.get().pk}"


@pytest.fixture
def staff(owner):
    return staff_of(owner)


def has_video(owner, content):
    """A file that the customer has sent."""
    message = Message.objects.create(
        user=owner.user, conversation=Conversation.objects.get(), direction="in", status="received", kind="video"
    )
    return StoredMedia.objects.create(
        user=owner.user,
        message=message,
        state="stored",
        name=files.store(content, user_id=owner.id),
        mime_found="video/mp4",
        size=len(content),
    )


def test_the_page_offers_both(staff, page):
    shown = staff.client.get(f"{page}/change/").content.decode()
    assert f'href="{page}/export/"' in shown
    assert f'action="{page}/erase/"' in shown


def test_the_download(staff, page):
    answer = staff.client.get(f"{page}/export/")
    assert json.loads(answer.content)["customer"]["phone"] == "+1234567890"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "1234567890" not in answer.headers["Content-Disposition"]


def test_the_download_with_files_is_an_archive(staff, page, owner):
    video = has_video(owner, b"a video")
    assert f'href="{page}/export/?zip"' in staff.client.get(f"{page}/change/").content.decode()
    answer = staff.client.get(f"{page}/export/?zip")
    assert answer.headers["Content-Type"] == "application/zip"
    assert "attachment" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["customer.json", f"files/{video.pk}.mp4"]
        assert json.loads(archive.read("customer.json"))["files"][0]["id"] == str(video.pk)
        assert archive.read(f"files/{video.pk}.mp4") == b"a video"


def test_files_that_are_not_stored_any_more_are_left_out(staff, page, owner):
    files.delete(has_video(owner, b"a video").name)
    content = b"".join(staff.client.get(f"{page}/export/?zip").streaming_content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["customer.json"]


def test_an_archive_is_never_in_memory_as_a_whole(staff, page, owner):
    size = 16 * 1024 * 1024
    has_video(owner, os.urandom(size))
    staff.client.get(f"{page}/export/")  # what is imported and cached by the first request
    tracemalloc.start()
    try:
        answer = staff.client.get(f"{page}/export/?zip")
        sent = sum(map(len, answer))
        answer.close()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent > size
    assert peak < size / 4


def test_a_download_that_is_broken_off_leaves_no_file_open(staff, page, owner, monkeypatch):
    has_video(owner, os.urandom(1024 * 1024))
    opened = []

    def noting(name):
        opened.append(files.open_file(name))
        return opened[-1]

    monkeypatch.setattr("leadsite.privacy.exporting.open_file", noting)
    answer = staff.client.get(f"{page}/export/?zip")
    pieces = iter(answer)
    while not opened:
        next(pieces)
    assert not opened[0].closed
    answer.close()
    assert opened[0].closed


@pytest.mark.parametrize("typed", ["", "yes", "erase it"])
def test_without_the_word_nothing_is_erased(staff, page, owner, typed):
    staff.client.post(f"{page}/erase/", {"confirmation": typed})
    assert owner.row_counts() == (1, 1, 1)


def test_with_the_word_everything_is(staff, page, owner):
    answer = staff.client.post(f"{page}/erase/", {"confirmation": "Erase"}, follow=True)
    assert "Erased, with" in answer.content.decode()
    assert owner.row_counts() == (0, 0, 0)
    assert Erasure.objects.get().finished_at


def test_staff_of_another_business_finds_nobody(stranger, page, owner):
    other = staff_of(stranger)
    assert b"1234567890" not in other.client.get(f"{page}/export/", follow=True).content
    other.client.post(f"{page}/erase/", {"confirmation": "erase"})
    assert owner.row_counts() == (1, 1, 1)


@pytest.mark.parametrize("action", ["download_everything", "erase_everything"])
def test_the_actions_of_the_list(staff, page, owner, action):
    chosen = {"action": action, "_selected_action": [str(Customer.objects.get().pk)]}
    answer = staff.client.post("/admin/conversations/customer/", chosen)
    assert answer.status_code == (200 if action == "download_everything" else 302)
    assert owner.row_counts() == (1, 1, 1)
    owner.post_lead(customer_phone="+4915100000000")
    both = chosen | {"_selected_action": [str(pk) for pk in Customer.objects.values_list("pk", flat=True)]}
    assert (
        "Choose one customer" in staff.client.post("/admin/conversations/customer/", both, follow=True).content.decode()
    )


@pytest.mark.parametrize("role", ["agent", "viewer"])
def test_only_owners_are_offered_it(owner, page, role):
    people = member_of(owner, role)
    for shown in (people.list(Customer), people.client.get(f"{page}/change/").content.decode()):
        assert "erase" not in shown
        assert "/export/" not in shown
    assert people.client.get(f"{page}/export/").status_code == 403
    assert people.client.post(f"{page}/erase/", {"confirmation": "erase"}).status_code == 403
