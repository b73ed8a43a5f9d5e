"""Links of invitations: for one use, for seven days, and only the newest."""

from datetime import timedelta

import pytest
from django.test import Client

from leadsite.accounts.models import Invitation, User
from leadsite.accounts.people import invitations
from leadsite.core import clock
from tests.leadsite.accounts.people.inviting import NEW, invited, send
from tests.staff import Staff, address, staff_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(owner) -> Staff:
    return staff_of(owner)


def test_a_link_is_for_one_use(chief):
    link = invited(chief)
    send(Client(), link, **NEW)
    assert Client().get(link).status_code == 400
    assert send(Client(), link, **NEW | {"name": "Another"}).status_code == 400
    assert User.objects.filter(name="Another").count() == 0


def test_a_link_that_was_revoked_resent_changed_or_is_old_is_none(chief):
    link = invited(chief)
    row = Invitation.objects.get()
    assert Client().get(link[:-3] + "xyz").status_code == 400
    assert Client().get("/admin/invitation/?link=\0").status_code == 400
    chief.client.post(f"/admin/accounts/invitation/{row.pk}/resend/")
    assert Client().get(link).status_code == 400
    row.refresh_from_db()
    again = invitations.link_of(row)
    assert Client().get(again).status_code == 200
    Invitation.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert Client().get(again).status_code == 400
    Invitation.objects.update(expires_at=clock.now() + timedelta(days=1))
    chief.send(address("delete", row), {}, post="yes")
    assert Client().get(again).status_code == 400
