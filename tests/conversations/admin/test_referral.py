"""The advertisement that brought a customer: in the thread, and on the lead."""

import pytest

from conversations.admin.referral import read_referral
from conversations.models import Message
from leads.models import Lead
from tests.conversations.chat import Chat
from tests.staff import address, staff_of

AD = {
    "source_url": "https://fb.me/lemon",
    "source_type": "ad",
    "headline": "Lemon cakes",
    "body": "Order by Friday",
    "ctwa_clid": "x",
}


@pytest.fixture
def chat(owner) -> Chat:
    return Chat(owner)


def test_the_advertisement_is_shown_in_the_thread_and_on_the_lead(chat):
    chat.says("How much?", parts={"referral": AD})
    Lead.objects.filter(pk=chat.lead.pk).update(referral=AD, first_message=Message.objects.get())

    lead = staff_of(chat.business).get(address("change", chat.lead)).content.decode()

    assert "Came by the advertisement «Lemon cakes»" in chat.page()
    assert "Advertisement «Lemon cakes»" in lead
    for page in (chat.page(), lead):
        assert "Order by Friday" in page
        assert 'href="https://fb.me/lemon" rel="noopener noreferrer"' in page
    assert str(Message.objects.get().pk) not in lead


def test_a_lead_without_an_advertisement_shows_none(chat):
    assert "Came by" not in staff_of(chat.business).get(address("change", chat.lead)).content.decode()


@pytest.mark.parametrize(
    "url",
    ["http://fb.me/x", "javascript:alert(1)", "HTTPS:alert(1)", "https:///x", "https://a b", "https://[", "data:,", ""],
)
def test_an_address_that_is_not_https_is_not_a_link(chat, url):
    chat.says("Hi", parts={"referral": AD | {"source_url": url}})
    referral = read_referral(AD | {"source_url": url})
    assert referral is not None
    assert (referral.address, referral.link) == (url, "")
    assert 'target="_blank"' not in chat.page().partition('aria-label="Messages"')[2]
