"""The page of invitations: what it tells, how many it sends, and who sees the link."""

import re

import pytest
from django.core import mail
from django.test import Client

from leadsite.accounts.models import Invitation
from leadsite.accounts.tasks import send_invitation
from tests.leadsite.accounts.people.inviting import ADD, invited
from tests.staff import Staff, errors_of, messages_of, person_of, staff_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(owner) -> Staff:
    return staff_of(owner)


def test_an_invitation_tells_nothing_about_logins(chief, owner, stranger):
    """Known elsewhere, or unknown: the same answer. Only who works here already is named: the list shows them too."""
    person_of(stranger, "agent", "known@florist.example")
    pages = []
    for email in ("known@florist.example", "new@florist.example"):
        answer = chief.fill(ADD, email=email, role="viewer")
        pages.append((answer.status_code, messages_of(chief.get(answer.url))[0].replace(email, "")))
    assert pages[0] == pages[1]
    assert "already" in errors_of(chief.fill(ADD, email="OWNER@bakery.example"))["email"][0]
    assert "send it again" in str(errors_of(chief.fill(ADD, email="new@florist.example")))


def test_an_invalid_form_is_shown_again(chief):
    for email in ("", "nobody"):
        assert list(errors_of(chief.fill(ADD, email=email))) == ["email"]
    assert list(errors_of(chief.fill(ADD, email="a@b.example", role="chief"))) == ["role"]


def test_invitations_of_an_address_are_limited(chief):
    invited(chief)
    again = f"/admin/accounts/invitation/{Invitation.objects.get().pk}/resend/"
    assert [chief.client.post(again).status_code for _ in range(5)] == [302] * 4 + [429]


def test_where_the_site_mails_the_link_only_the_mail_has_it(chief, settings):
    settings.EMAIL_URL, settings.PUBLIC_URL = "smtp://mail", "https://leads.example"
    answer = chief.fill(ADD, email="nia@bakery.example")
    page = chief.get(answer.url).content.decode()
    assert "invitation/?link=" not in page
    assert "on its way" in page
    send_invitation(str(Invitation.objects.get().pk))
    (letter,) = mail.outbox
    assert letter.to == ["nia@bakery.example"]
    (link,) = re.findall(r"https://leads\.example(\S+link=\S+)", str(letter.body))
    assert Client().get(link).status_code == 200


def test_the_link_has_a_button_that_copies_it(chief):
    page = chief.get(chief.fill(ADD, email="nia@bakery.example", role="agent").url).content.decode()
    assert re.search(r"/admin/invitation/[^<]+</code>\s*<button [^>]*data-copy ", page)
    assert "leadsite/copy.js" in page


def test_the_plus_above_the_list_says_what_it_does(chief):
    """The name of its icon is no word for a screen reader."""
    (plus,) = re.findall(r"<a [^>]*addlink[^>]*>", chief.list(Invitation))
    assert 'aria-label="Invite somebody"' in plus
    assert 'title="Invite somebody"' in plus
