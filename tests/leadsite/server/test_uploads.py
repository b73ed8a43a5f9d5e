"""How large a body may be: by its path and, where it is larger than usual, by the login."""

import pytest
from django.conf import settings

from leadsite.server.uploads import limit_of, may_upload, upload_limit_of

CHAT = "01a224f9-ac8e-7ee5-a11a-ab1ffda84e92"


@pytest.mark.parametrize(
    ("path", "takes_files"),
    [
        (f"/admin/inbox/{CHAT}/reply/", True),
        (f"/admin/inbox/{CHAT}/template/", True),
        ("/admin/inbox/new/", True),
        ("/api/whatsapp", True),
        (f"/api/conversations/{CHAT}/messages/", True),
        ("/admin/leads/importrun/add/", True),
        ("/api/leads", False),
        (f"/api/conversations/{CHAT}", False),
        (f"/admin/inbox/{CHAT}/again/", False),
        ("/api/whatsapp/x", False),
    ],
)
def test_only_where_files_are_sent_larger_bodies_are_taken(path, takes_files):
    assert bool((upload_limit_of(path) or 0) > limit_of(path)) == takes_files


def test_a_file_of_the_largest_size_fits_in_base64():
    assert settings.API_MAX_FILE_BODY_BYTES > 16 * 1024 * 1024 * 4 / 3 + 100_000


@pytest.mark.django_db
def test_a_key_opens_the_api_and_a_session_the_admin(owner, monkeypatch):
    # The connection is that of the test.
    monkeypatch.setattr("leadsite.server.uploads.close_old_connections", lambda: None)
    key = f"Bearer {owner.api_key}"
    assert may_upload("/api/whatsapp", cookies="", authorization=key)
    for wrong in ("", "Bearer x", f"Basic {owner.api_key}", "Bearer ü", key[:-1]):
        assert not may_upload("/api/whatsapp", cookies="", authorization=wrong)
    assert not may_upload(f"/admin/inbox/{CHAT}/reply/", cookies="", authorization=key)
