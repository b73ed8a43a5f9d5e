"""Who a request comes from: address and login."""

from io import BytesIO
from typing import Any

import pytest

from leadsite.core.addresses import neighbourhood
from leadsite.server.clients import Logins, address_of, delivery_login, login_of
from tests.leadsite.server.sent import Sent, SentHeaders


def test_without_a_proxy_a_client_cannot_choose_its_address(settings: Any):
    settings.BEHIND_PROXY = False
    assert address_of(Sent(SentHeaders([("x-forwarded-for", "10.0.0.1")]))) == "192.0.2.7"


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_added(settings: Any):
    settings.BEHIND_PROXY = True
    assert address_of(Sent(SentHeaders([("x-forwarded-for", "10.0.0.1, 198.51.100.4")]))) == "198.51.100.4"
    assert address_of(Sent()) == "192.0.2.7"


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("not:an:address", "not:an:address"),
    ],
)
def test_the_addresses_of_an_ipv6_network_count_as_one(address: str, counted_as: str):
    assert neighbourhood(address) == counted_as


KEY = Sent(SentHeaders([("authorization", "Bearer k"), ("cookie", "sessionid=1")]))
SESSION = Sent(SentHeaders([("cookie", "sessionid=1")]))
BELLA, FLORA = "business 1", "business 2"
HERE, THERE = "192.0.2.7", "198.51.100.4"
UNKNOWN = "address 192.0.2.7"


@pytest.mark.parametrize(("sent", "login"), [(KEY, "Bearer k"), (SESSION, "sessionid=1"), (Sent(), "")])
def test_the_login_is_a_key_or_a_session(sent: Sent, login: str):
    assert login_of(sent) == login


def test_a_login_counts_for_its_owner_when_it_has_been_accepted():
    logins = Logins()
    assert logins.client(HERE, "k").owner == UNKNOWN
    logins.learn("k", BELLA, 200, "/api/leads")
    assert logins.client(HERE, "k").owner == logins.client(THERE, "k").owner == BELLA
    assert logins.client(HERE, "k").login != logins.client(THERE, "k").login


def test_two_keys_of_a_business_count_as_one_and_two_businesses_at_one_address_as_two():
    logins = Logins()
    for key, owner in (("first", BELLA), ("second", BELLA), ("other", FLORA)):
        logins.learn(key, owner, 200, "/api/leads")
    assert [logins.client(HERE, key).owner for key in ("first", "second", "other")] == [BELLA, BELLA, FLORA]


@pytest.mark.parametrize("status", [302, 401, 403, 404, 429, 503])
def test_a_refused_login_does_not_count(status: int):
    logins = Logins()
    logins.learn("k", BELLA, status, "/api/leads")
    assert logins.client(HERE, "k") == (HERE, UNKNOWN, "")


@pytest.mark.parametrize("path", ["/admin/login/", "/api/schema", "/static/leadsite/style.css"])
def test_a_page_for_anyone_accepts_no_login(path: str):
    logins = Logins()
    logins.learn("k", BELLA, 200, path)
    assert logins.client(HERE, "k").owner == UNKNOWN


def test_what_has_no_login_or_no_owner_is_not_learnt():
    logins = Logins()
    logins.learn("", BELLA, 200, "/api/leads")
    logins.learn("k", "", 200, "/api/leads")
    assert logins.client(HERE, "").owner == logins.client(HERE, "k").owner == UNKNOWN


def test_before_it_is_accepted_a_number_has_a_queue_of_its_own_within_the_address():
    """Meta delivers for all from the same addresses."""
    logins = Logins()
    flood, other = (logins.client(HERE, login, queue=login) for login in ("1 from there", "2 from there"))
    assert flood.owner == other.owner == UNKNOWN
    assert flood.login != other.login
    logins.learn("1 from there", BELLA, 200, "/api/webhooks/whatsapp")
    assert logins.client(HERE, "1 from there", queue="1 from there").owner == BELLA


def test_accepted_deliveries_of_a_business_are_one_login_whatever_addresses_they_come_from():
    logins = Logins()
    for near in (HERE, THERE):
        logins.learn(f"1 from {near}", BELLA, 200, "/api/webhooks/whatsapp")
    here, there = (
        logins.client(near, f"1 from {near}", queue=f"1 from {near}", accepted="deliveries") for near in (HERE, THERE)
    )
    assert (here.owner, here.login) == (there.owner, there.login) == (BELLA, "deliveries")


def test_the_oldest_logins_are_forgotten():
    logins = Logins(size=1)
    logins.learn("k", BELLA, 200, "/api/leads")
    logins.learn("l", FLORA, 200, "/api/leads")
    assert [logins.client(HERE, key).owner for key in "kl"] == [UNKNOWN, FLORA]


@pytest.mark.parametrize(
    ("body", "login"),
    [
        (
            b'{"entry": [{"changes": [{"value": {"metadata": {"phone_number_id": "106540"}}}]}]}',
            "106540 from 192.0.2.7",
        ),
        (b"SmsStatus=received&From=whatsapp%3A%2B4915&To=whatsapp%3A%2B1555", "whatsapp%3A%2B1555 from 192.0.2.7"),
        (b"From=whatsapp%3A%2B4915&To=whatsapp%3A%2B1555", "whatsapp%3A%2B1555 from 192.0.2.7"),
        # The customer is To of a status.
        (b"To=whatsapp%3A%2B4915&MessageStatus=read&From=whatsapp%3A%2B1555", "whatsapp%3A%2B1555 from 192.0.2.7"),
        (b"SmsStatus=delivered&To=whatsapp%3A%2B4915&From=whatsapp%3A%2B1555", "whatsapp%3A%2B1555 from 192.0.2.7"),
        # Of an account, and of no number of it.
        (b'{"object": "whatsapp_business_account", "entry": [{"id": "1020", "changes": []}]}', "1020 from 192.0.2.7"),
        (b"{}", ""),
    ],
)
def test_a_delivery_counts_for_the_number_that_it_names(body: bytes, login: str):
    assert delivery_login(BytesIO(body), HERE) == login
