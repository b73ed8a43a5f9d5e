"""The environ that Django gets."""

from io import BytesIO
from typing import Any

import pytest

from leadsite.server.environ import Visit, environ_of
from tests.leadsite.server.sent import Sent, SentHeaders

VISIT = Visit(client="192.0.2.7", request_id="an-id", started=1.5)


def environ(*headers: tuple[str, str], **request: Any) -> dict[str, Any]:
    return environ_of(Sent(SentHeaders(headers), **request), BytesIO(b"{}"), length=2, visit=VISIT)


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


def test_the_request_id_is_the_one_that_the_server_has_accepted():
    made = environ(("x-request-id", "forged\n"))
    assert (made["HTTP_X_REQUEST_ID"], made["leadsite.started"]) == ("an-id", 1.5)
