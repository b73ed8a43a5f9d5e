"""Events are not posted to private networks, neither by address nor by name."""

import ipaddress
import socket
from typing import Any

import pytest

from leadsite.core.addresses import is_public
from leadsite.webhooks import http
from leadsite.webhooks.addresses import AddressRefused, check_url
from leadsite.webhooks.models import WebhookEndpoint
from tests.cases import each_case
from tests.leadsite.webhooks.integrator import Integrator, post

PRIVATE = [
    *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1"),
    *("240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "192.88.99.1", "192.0.0.200"),
    *("[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[fec0::1]", "[2001:db8::1]"),
    *(
        "[::ffff:127.0.0.1]",
        "[::ffff:a00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2001::1]",
        "[3fff::1]",
    ),
]
SPELLED = ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "localhost", "LOCALHOST"]


def resolve_names_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Replace the resolver: all names resolve to these addresses. Returns the list of names that were resolved."""
    asked = []

    def getaddrinfo(host: str, port: int, *args: Any, **options: Any) -> list[Any]:
        asked.append(host)
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port, 0, 0) if ":" in address else (address, port),
            )
            for address in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@each_case("host", [*PRIVATE, *SPELLED])
def test_an_address_that_is_not_public_is_refused(host):
    with pytest.raises(AddressRefused, match="private or reserved"):
        check_url(f"https://{host}/hook")


@each_case("host", [*PRIVATE, *SPELLED])
def test_it_is_refused_before_a_post_too(host):
    with pytest.raises(http.NotDelivered, match="private or reserved"):
        http.post(f"http://{host}:9/hook", b"{}", {})


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450::1"])
def test_a_public_address_is_accepted(address):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://hooks.example.com/", "must begin with https://"),
        ("ftp://hooks.example.com/", "must begin with https://"),
        ("hooks.example.com", "must begin with https://"),
        ("https:///hook", "no host"),
        ("https://user:secret@hooks.example.com/", "login"),
        ("https://hooks.example.com/#here", "fragment"),
        ("https://hooks.example.com:99999/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("https://bücher.example/", "ASCII"),
        ("https://hooks.example.com/a b", "no spaces"),
        ("https://hooks.example.com/\r\nHost:evil", "no spaces"),
        ("https://hooks.example.com/" + "x" * 2000, "at most 2000"),
    ],
)
def test_an_invalid_url_is_refused_with_a_reason(url, problem, monkeypatch):
    resolve_names_to(monkeypatch, "93.184.215.14")
    with pytest.raises(AddressRefused, match=problem):
        check_url(url)


def test_a_name_that_does_not_resolve_yet_is_accepted():
    assert check_url("https://no-such-host.invalid/hook") == "https://no-such-host.invalid/hook"


def test_one_private_address_of_several_is_enough_to_refuse_a_name(monkeypatch):
    resolve_names_to(monkeypatch, "93.184.215.14", "10.0.0.1")
    with pytest.raises(http.NotDelivered, match="private or reserved"):
        http.post("https://hooks.example.com/", b"{}", {})


def of_unknown_name(*arguments: Any, **options: Any) -> None:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize("name", ["db.inside.example.com", "db.inside.example.com."])
def test_nobody_learns_which_names_this_network_has(name, monkeypatch):
    """Neither by registering an endpoint, which resolves nothing, nor by the error of an event."""
    asked = resolve_names_to(monkeypatch, "10.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", _numeric_only(socket.getaddrinfo))
    check_url(f"https://{name}/")
    assert asked == []
    with pytest.raises(http.NotDelivered) as inside:
        http.post(f"https://{name}/", b"{}", {})
    assert asked == [name]
    monkeypatch.setattr(socket, "getaddrinfo", _numeric_only(of_unknown_name))
    check_url(f"https://{name}/")
    with pytest.raises(http.NotDelivered) as unknown:
        http.post(f"https://{name}/", b"{}", {})
    assert str(inside.value) == str(unknown.value)


def _numeric_only(resolver: Any) -> Any:
    """What asks for numbers only gets no name resolved."""

    def getaddrinfo(host: str, port: Any, *arguments: Any, **options: Any) -> Any:
        if options.get("flags", 0) & socket.AI_NUMERICHOST:
            return of_unknown_name()
        return resolver(host, port, *arguments, **options)

    return getaddrinfo


@pytest.mark.parametrize("host", ["db", "db.internal", "printer.local", "nas.home.arpa", "wiki.CORP", "a.localhost."])
def test_a_name_of_private_networks_is_refused_whether_it_exists_or_not(host):
    with pytest.raises(AddressRefused, match="private or reserved"):
        check_url(f"https://{host}/hook")


@pytest.mark.django_db
def test_a_name_that_now_resolves_to_a_private_address_gets_nothing(integrator, owner, settings, monkeypatch):
    """DNS rebinding."""
    settings.WEBHOOKS_ALLOW_PRIVATE = False
    port = integrator.receiver.address.rpartition(":")[2]
    resolve_names_to(monkeypatch, "93.184.215.14")
    check_url("https://hooks.example.com/")
    WebhookEndpoint.objects.update(url=f"http://hooks.example.com:{port}/hook")
    asked = resolve_names_to(monkeypatch, "127.0.0.1")
    owner.post_lead()
    post()
    assert set(asked) == {"hooks.example.com"}
    assert integrator.receiver.requests == []
    assert "private or reserved network" in integrator.row().error


def test_it_connects_to_the_checked_address_and_sends_the_name(receiver, monkeypatch):
    """The name is resolved once for each request, and not again for the connection."""
    port = receiver.address.rpartition(":")[2]
    asked = []

    def getaddrinfo(host: str, port: int, *args: Any, **options: Any) -> list[Any]:
        if host == "hooks.example.com":
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        assert host == "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert http.post(f"http://hooks.example.com:{port}/hook?a=1", b"{}", {}).status == 204
    assert asked == ["hooks.example.com"]
    assert receiver.requests[0]["headers"]["host"] == f"hooks.example.com:{port}"
    assert receiver.requests[0]["path"] == "/hook?a=1"


@pytest.mark.django_db
def test_in_the_api_it_is_an_error_of_the_field(owner):
    body = {"url": "https://169.254.169.254/latest", "events": ["lead.created"]}
    answer = owner.client.post("/api/webhook-endpoints", body, format="json")
    assert answer.status_code == 400
    assert "private" in answer.json()["fields"]["url"][0]
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.django_db
def test_the_api_refuses_a_private_address_in_a_change_too(owner, receiver, settings):
    integrator = Integrator(owner, receiver)
    settings.WEBHOOKS_ALLOW_PRIVATE = False
    answer = owner.client.patch(integrator.address, {"url": "https://10.0.0.1/"}, format="json")
    assert answer.status_code == 400
    assert integrator.endpoint.url == f"{receiver.address}/hook"
