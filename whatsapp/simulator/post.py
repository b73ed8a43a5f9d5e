"""Signs a simulated delivery as its provider would, and posts it to the site."""

import shlex
from dataclasses import dataclass
from typing import Any, Final

import requests
from django.urls import reverse

from whatsapp.inbound.signature import sign_for_meta, sign_for_twilio
from whatsapp.models import Channel
from whatsapp.simulator.bodies import as_form

TIMEOUTS: Final = (3, 30)  # to connect, to answer; seconds
NO_ANSWER: Final = "no answer"


@dataclass(frozen=True, slots=True)
class Delivery:
    url: str
    message_id: str
    body: bytes
    headers: dict[str, str]


def webhook_of(site: str) -> str:
    return site.rstrip("/") + reverse("whatsapp-webhook")


def signed(*, url: str, provider: str, message_id: str, body: Any, secret: str) -> Delivery:
    """Sign a body from whatsapp.simulator.bodies: bytes for Meta, the parameters of a form for Twilio."""
    if provider == Channel.Provider.TWILIO:
        headers = {"X-Twilio-Signature": sign_for_twilio(url, body, secret)}
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return Delivery(url, message_id, as_form(body), headers)
    headers = {"X-Hub-Signature-256": sign_for_meta(body, secret), "Content-Type": "application/json"}
    return Delivery(url, message_id, body, headers)


def post(delivery: Delivery) -> str:
    """Post it and return the status of the response, or NO_ANSWER."""
    with requests.Session() as session:
        session.trust_env = False  # no proxy, and no password from ~/.netrc
        try:
            answer = session.post(
                delivery.url, data=delivery.body, headers=delivery.headers, timeout=TIMEOUTS, allow_redirects=False
            )
        except (requests.ConnectionError, requests.Timeout):
            return NO_ANSWER
        return str(answer.status_code)


def curl(delivery: Delivery) -> str:
    headers = " ".join(f"-H {shlex.quote(f'{name}: {value}')}" for name, value in delivery.headers.items())
    return f"curl {shlex.quote(delivery.url)} {headers} --data-binary {shlex.quote(delivery.body.decode('ascii'))}"
