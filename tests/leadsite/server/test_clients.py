"""Who a request comes from: address and login."""

from typing import Any

import pytest

from leadsite.core.addresses import neighbourhood
from leadsite.server.clients import Logins, address_of
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


KEY = SentHeaders([("authorization", "Bearer k"), ("cookie", "sessionid=1")])
SESSION = SentHeaders([("cookie", "sessionid=1")])


@pytest.mark.parametrize(("headers", "login"), [(KEY, "Bearer k"), (SESSION, "sessionid=1")])
def test_a_login_counts_when_it_has_been_accepted(headers: SentHeaders, login: str):
    logins = Logins()
    assert logins.of(headers) == ""
    logins.learn(Sent(headers), 200)
    assert logins.of(headers) == login


@pytest.mark.parametrize("status", [302, 401, 403, 404, 429, 503])
def test_a_refused_login_does_not(status: int):
    logins = Logins()
    logins.learn(Sent(KEY), status)
    assert logins.of(KEY) == ""


@pytest.mark.parametrize("path", ["/admin/login/", "/api/schema", "/static/leadsite/style.css"])
def test_a_page_for_anyone_accepts_no_login(path: str):
    logins = Logins()
    logins.learn(Sent(SESSION, path=path), 200)
    assert logins.of(SESSION) == ""


def test_without_a_login_there_is_none_to_learn():
    logins = Logins()
    logins.learn(Sent(), 200)
    assert logins.of(SentHeaders()) == ""


def test_the_oldest_logins_are_forgotten():
    logins = Logins(size=1)
    logins.learn(Sent(KEY), 200)
    logins.learn(Sent(SESSION), 200)
    assert (logins.of(KEY), logins.of(SESSION)) == ("", "sessionid=1")
