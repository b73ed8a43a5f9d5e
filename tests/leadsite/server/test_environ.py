"""The environ that Django gets."""

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pytest

from leadsite.server.clients import address_of, login_of, neighbourhood
from leadsite.server.environ import Headers, environ_of


class SentHeaders(list[tuple[str, str]]):
    def __contains__(self, key: object) -> bool:
        return any(name == key for name, _ in self)

    def get(self, key: str, default: Any = None) -> Any:
        return next((value for name, value in self if name == key), default)

    def items(self) -> list[tuple[str, str]]:
        return list(self)


@dataclass
class Sent:
    """What granian says of a request."""

    headers: Headers = field(default_factory=SentHeaders)
    http_version: str = "1.1"
    server: str = "127.0.0.1:8000"
    client: str = "192.0.2.7:51234"
    scheme: str = "http"
    method: str = "POST"
    path: str = "/api/leads"
    query_string: str = "a=b"
    authority: str | None = None


def environ(*headers: tuple[str, str], **request: Any) -> dict[str, Any]:
    return environ_of(Sent(SentHeaders(headers), **request), BytesIO(b"{}"), length=2, client="192.0.2.7")


def test_it_has_what_pep_3333_asks_for():
    made = environ(("content-type", "application/json"), ("host", "shop.example"))
    expected = {"REQUEST_METHOD": "POST", "PATH_INFO": "/api/leads", "QUERY_STRING": "a=b", "CONTENT_LENGTH": "2"}
    expected |= {"CONTENT_TYPE": "application/json", "HTTP_HOST": "shop.example", "REMOTE_ADDR": "192.0.2.7"}
    expected |= {"SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000", "SERVER_PROTOCOL": "HTTP/1.1"}
    assert {name: made[name] for name in expected} == expected
    assert made["wsgi.input"].read() == b"{}"


@pytest.mark.parametrize("header", ["x_forwarded_proto", "if_match", "content_length", "content_type"])
def test_a_header_with_an_underscore_is_dropped(header: str):
    """It would pass for the one with a hyphen, which a proxy sets or removes."""
    assert "forged" not in environ((header, "forged")).values()


def test_the_length_is_that_of_the_body_whatever_the_client_said():
    assert environ(("content-length", "7"), ("transfer-encoding", "chunked"))["CONTENT_LENGTH"] == "2"


def test_headers_that_come_twice_are_joined():
    assert environ(("accept", "text/html"), ("accept", "text/plain"))["HTTP_ACCEPT"] == "text/html,text/plain"


def test_http_2_names_the_host_apart():
    assert environ(http_version="2", authority="shop.example")["HTTP_HOST"] == "shop.example"


def test_a_path_beyond_ascii_is_as_pep_3333_wants_it():
    assert environ(path="/é")["PATH_INFO"].encode("latin-1").decode() == "/é"


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


def test_a_login_is_a_key_or_else_a_session():
    assert login_of(SentHeaders([("cookie", "sessionid=1"), ("authorization", "Bearer k")])) == "Bearer k"
    assert login_of(SentHeaders([("cookie", "sessionid=1")])) == "sessionid=1"
    assert login_of(SentHeaders()) == ""
