"""Two windows of a person that keep a list by the same name at the same moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client

from leadsite.inbox.models import SavedView
from tests.factories import Business
from tests.staff import member_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_of_them_is_kept(owner: Business):
    mara = member_of(owner, "agent").client

    def keep(tab: str) -> int:
        window = Client()
        window.cookies = mara.cookies
        try:
            return window.post("/admin/inbox/views/", {"name": "Bookings", "tab": tab}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as windows:
        assert set(windows.map(keep, ["all", "mine"] * 20)) == {302}
    assert SavedView.objects.count() == 1
