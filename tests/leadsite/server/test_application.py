"""What the web server does before Django sees a request, on a real server."""

import json
import socket
from contextlib import ExitStack
from io import BytesIO
from urllib.parse import urlsplit

import pytest
import requests

from leads.models import ImportRun, Lead
from leadsite.demo.supervisor import HOST
from tests.factories import ORDER, Business
from tests.site import Site
from tests.staff import browsing, upload_to

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 60


def unfinished(site: Site, path: str) -> socket.socket:
    """Announce a body and send one byte of it."""
    client = socket.create_connection((HOST, site.port), timeout=SECONDS)
    client.sendall(f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000\r\n\r\n{{".encode())
    return client


@pytest.mark.parametrize("path", ["/api/webhooks/whatsapp", "/admin/login/", "/api/leads"])
def test_bodies_that_do_not_arrive_stop_nobody(owner: Business, served_site: Site, path: str) -> None:
    with ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(unfinished(served_site, path))
        assert served_site.post_lead(owner.api_key, ORDER).status_code == 201
        assert requests.get(f"{served_site.address}/livez", timeout=SECONDS).json() == {"status": "ok"}
        assert requests.get(f"{served_site.address}/readyz", timeout=SECONDS).status_code == 200


@pytest.mark.parametrize("path", ["/admin/login/", "/api/leads", "/api/webhooks/whatsapp", "/no/such/page"])
def test_a_large_body_is_refused_by_its_announced_length(served_site: Site, path: str) -> None:
    with socket.create_connection((HOST, served_site.port), timeout=SECONDS) as client:
        client.sendall(f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 600000000\r\n\r\n".encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_a_stranger_cannot_upload_where_staff_can(served_site: Site) -> None:
    path = "/admin/leads/importrun/add/"
    with socket.create_connection((HOST, served_site.port), timeout=SECONDS) as client:
        client.sendall(f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 50000000\r\n\r\n".encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 413 ")
    # Without a length, counted as it comes.
    chunks = (b"x" * 100_000 for _ in range(200))
    assert requests.post(f"{served_site.address}{path}", data=chunks, timeout=SECONDS).status_code == 413


@pytest.mark.parametrize("path", ["/admin/login/", "/admin/leads/importrun/add/", "/api/leads"])
def test_the_refusal_is_read_by_a_client_that_sends_all_first(served_site: Site, path: str) -> None:
    """As nginx does: a connection that is closed while it sends takes the answer with it."""
    size = 30_000_000
    with socket.create_connection((HOST, served_site.port), timeout=SECONDS) as client:
        client.sendall(f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {size}\r\n\r\n".encode())
        client.sendall(b" " * size)
        assert client.recv(4096).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("framing", ["Content-Length: {0}", "Transfer-Encoding: chunked"])
def test_half_of_a_request_is_no_request(owner: Business, served_site: Site, framing: str) -> None:
    """Its JSON is complete; of a file half would be imported."""
    body = json.dumps(ORDER).encode()
    head = f"POST /api/leads HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {owner.api_key}\r\n"
    head += f"Content-Type: application/json\r\n{framing.format(len(body) + 1)}\r\n\r\n"
    if "chunked" in framing:
        body = f"{len(body):x}\r\n".encode() + body + b"\r\n"
    with socket.create_connection((HOST, served_site.port), timeout=SECONDS) as client:
        client.sendall(head.encode() + body)
        client.shutdown(socket.SHUT_WR)
        answer = client.recv(4096)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Send it again whole" in answer
    assert not Lead.objects.exists()


def test_the_refusal_of_an_api_request_has_the_form_of_all_errors(served_site: Site) -> None:
    with socket.create_connection((HOST, served_site.port), timeout=SECONDS) as client:
        client.sendall(f"POST /api/leads HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 600000000\r\n\r\n".encode())
        head, _, body = client.recv(4096).partition(b"\r\n\r\n")
    assert b"content-type: application/json" in head
    assert json.loads(body)["code"] == "body_too_large"
    assert json.loads(body)["success"] is False


def test_the_refusal_of_a_page_is_a_page(served_site: Site) -> None:
    with socket.create_connection((HOST, served_site.port), timeout=SECONDS) as client:
        client.sendall(f"POST /admin/login/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 600000000\r\n\r\n".encode())
        answer = client.makefile("rb").read(12_000).decode()
    assert "content-type: text/html" in answer
    assert "This is too large" in answer
    assert "send less" in answer


def test_staff_upload_a_file_that_strangers_cannot(owner: Business, served_site: Site) -> None:
    rows = "".join(f"+4915123{number:06d},Ana,order,{'x' * 100}\n" for number in range(50_000))
    with browsing(served_site, owner) as browser:
        answer = upload_to(served_site, browser, owner, "leads.csv", f"Phone,Name,Type,Notes\n{rows}")
    assert answer.status_code == 200, answer.text[:2000]
    assert ImportRun.objects.get(user=owner.id).state == ImportRun.State.PREVIEW


@pytest.mark.parametrize("path", ["leads/%C3%A9", "leads/%FF", "leads/a%2Fb", "%00", "leads?q=%C3%A9", "%C3%A9"])
def test_any_path_is_answered(owner: Business, served_site: Site, path: str) -> None:
    headers = {"Authorization": f"Bearer {owner.api_key}"}
    answer = requests.get(f"{served_site.address}/api/{path}", headers=headers, timeout=SECONDS)
    assert answer.status_code in (200, 400, 404)


def test_a_static_file_is_sent_whole(served_site: Site) -> None:
    page = requests.get(f"{served_site.address}/admin/login/", timeout=SECONDS).text
    style = next(part.split('"')[0] for part in page.split('href="') if ".css" in part.split('"')[0])
    answer = requests.get(f"{served_site.address}{urlsplit(style).path}", timeout=SECONDS)
    assert answer.status_code == 200
    assert len(answer.content) == int(answer.headers["Content-Length"]) > 0


def test_head_has_no_body(served_site: Site) -> None:
    answer = requests.head(f"{served_site.address}/admin/login/", timeout=SECONDS)
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_body_of_the_largest_size_arrives_whole(owner: Business, served_site: Site) -> None:
    body = json.dumps(ORDER | {"details": "x" * 400_000}).encode()
    headers = {"Authorization": f"Bearer {owner.api_key}", "Content-Type": "application/json"}
    answer = requests.post(f"{served_site.address}/api/leads", data=BytesIO(body), headers=headers, timeout=SECONDS)
    assert (answer.status_code, answer.json()["fields"]) == (400, {"details": answer.json()["fields"]["details"]})


def test_a_header_with_an_underscore_counts_for_nothing(owner: Business, served_site: Site) -> None:
    """It would pass for the one with a hyphen: here the second request for a repeated first one."""
    headers = {"Authorization": f"Bearer {owner.api_key}", "Idempotency_Key": "one"}
    for _ in range(2):
        answer = requests.post(f"{served_site.address}/api/leads", json=ORDER, headers=headers, timeout=SECONDS)
        assert answer.status_code == 201
    assert Lead.objects.count() == 2
