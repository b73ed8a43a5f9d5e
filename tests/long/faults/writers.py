"""The site's entry points, as their clients use them: each writes leads with the details <write>.0, <write>.1 …"""

import itertools
import json
import random
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode

import psycopg
import requests

from leadsite.demo.data import EMAIL, PHONE_NUMBER_ID
from tests.long.faults.ledger import Told
from tests.long.faults.stage import Stage
from tests.staff import form_of
from tests.whatsapp import meta, twilio_forms
from tests.whatsapp.webhook_client import FORM, SECRET
from whatsapp.inbound.signature import sign_for_meta, sign_for_twilio

BATCH = 3
TIMEOUT_SECONDS = 60
_HOOK = "/api/webhooks/whatsapp"
_ADD = "/admin/leads/lead/add/"
_numbers = itertools.count(random.SystemRandom().randrange(10**8))
_FEW = [f"+4930555{number:05}" for number in range(5)]
_SQL = "SELECT create_lead_with_conversation(%s, %s, %s, 'order', %s)"

# What the client was told, the HTTP status (0: none), whether a 503 says when to come again.
Answer = tuple[Told, int, bool]
Writer = Callable[[str], Answer]


def new_phone() -> str:
    return f"+49151{next(_numbers):08}"


class Writers:
    """One for each stage: it is logged in to the admin. The methods send one write and return the answer."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._key = {"Authorization": f"Bearer {stage.api_key}"}
        self._browser = browser(stage)
        self._form = form_of(self._browser.get(stage.address + _ADD).text)
        self._sql: psycopg.Connection | None = None

    def close(self) -> None:
        self._browser.close()
        if self._sql is not None:
            self._sql.close()

    def all(self) -> dict[str, tuple[Writer, int, bool]]:
        """By name: the writer, how many leads it writes, and whether its client may repeat a write."""
        return {
            "create": (self.create, 1, False),
            "create with key": (self.create_with_key, 1, True),
            "batch": (self.batch, BATCH, True),
            "send": (self.send, 1, True),
            "Meta": (self.meta, 1, True),
            "Twilio": (self.twilio, 1, True),
            "admin": (self.admin, 1, False),
            "SQL": (self.sql, 1, False),
        }

    def create(self, write: str) -> Answer:
        """Of a few customers, so that creations meet."""
        return self._post("/api/leads", lead(write, 0, phone=random.choice(_FEW)))

    def create_with_key(self, write: str) -> Answer:
        return self._post("/api/leads", lead(write, 0), {"Idempotency-Key": write})

    def batch(self, write: str) -> Answer:
        leads = [lead(write, number) for number in range(BATCH)]
        return self._post("/api/leads/batch", {"leads": leads, "all_or_nothing": True}, {"Idempotency-Key": write})

    def send(self, write: str) -> Answer:
        body = {"to": phone_of(write, 0), "message": f"{write}.0", "createLead": True, "customerName": "A customer"}
        return self._post("/api/whatsapp", body | {"details": f"{write}.0"}, {"Idempotency-Key": write})

    def meta(self, write: str) -> Answer:
        phone = phone_of(write, 0)[1:]
        text = meta.text(f"{write}.0", from_=phone, id=f"wamid.{write}")
        contacts = [meta.contact(phone, name="A customer")]
        body = meta.body(meta.messages_value(PHONE_NUMBER_ID, messages=[text], contacts=contacts))
        return self.deliver(body)

    def deliver(self, body: bytes) -> Answer:
        """Post a delivery of Meta's."""
        signature = sign_for_meta(body, self._stage.secrets["WHATSAPP_APP_SECRETS"])
        headers = {"X-Hub-Signature-256": signature, "Content-Type": "application/json"}
        return self._answer(lambda: post(self._stage.address + _HOOK, headers, data=body))

    def twilio(self, write: str) -> Answer:
        phone, sid = phone_of(write, 0), f"SM{write}"
        form = twilio_forms.MESSAGE | {"Body": f"{write}.0", "WaId": phone[1:], "From": f"whatsapp:{phone}"}
        form |= {"MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid}
        del form["ExternalUserId"]
        url = self._stage.address + _HOOK
        headers = {
            "X-Twilio-Signature": sign_for_twilio(url, list(form.items()), SECRET),
            "Content-Type": FORM,
        }
        return self._answer(lambda: post(url, headers, data=urlencode(form)))

    def admin(self, write: str) -> Answer:
        typed = {"customer_phone": new_phone(), "customer_name": "A customer", "details": f"{write}.0", "type": "order"}
        return self._answer(
            lambda: self._browser.post(
                self._stage.address + _ADD,
                data=self._form | typed,
                headers={"Connection": "close"},
                allow_redirects=False,
                timeout=TIMEOUT_SECONDS,
            )
        )

    def sql(self, write: str) -> Answer:
        try:
            if self._sql is None or self._sql.closed:
                self._sql = None
                self._sql = psycopg.connect(self._stage.url, autocommit=True, connect_timeout=3)
            arguments = [self._stage.user_id, new_phone(), "A customer", f"{write}.0"]
            ((answer,),) = self._sql.execute(_SQL, arguments).fetchall()
        except psycopg.Error as error:
            if self._sql is None or (error.sqlstate and not self._sql.closed):
                return Told.REFUSED, 0, True
            self._sql.close()
            return Told.UNKNOWN, 0, True
        assert answer["success"], answer
        return Told.STORED, 0, True

    def _post(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
        return self._answer(lambda: post(self._stage.address + path, self._key | dict(headers or {}), json=body))

    def _answer(self, request: Callable[[], requests.Response]) -> Answer:
        try:
            answer = request()
        except requests.RequestException as error:
            return (Told.REFUSED if was_never_sent(error) else Told.UNKNOWN), 0, True
        return told(answer), answer.status_code, answer.status_code != 503 or "Retry-After" in answer.headers


def told(answer: requests.Response) -> Told:
    if answer.status_code in (200, 201, 202, 302):
        # The admin shows a refused form again, with 200; it redirects to the login where the session is over, and to
        # the empty form where a lock was not free.
        where = answer.headers.get("Location", "")
        is_refused = "/login/" in where or where.endswith("/add/") or "errornote" in answer.text
        return Told.REFUSED if is_refused else Told.STORED
    if answer.status_code != 503:
        return Told.REFUSED
    is_json = answer.headers.get("Content-Type", "").startswith("application/json")
    # A page for people has no code: its outcome counts as unknown.
    return Told.REFUSED if is_json and json.loads(answer.text)["code"] != "outcome_unknown" else Told.UNKNOWN


def was_never_sent(error: requests.RequestException) -> bool:
    """Whether the connection was refused."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(error, requests.ConnectionError) and "NewConnectionError" in type(reason).__name__


def lead(write: str, number: int, *, phone: str = "") -> dict[str, str]:
    phone = phone or phone_of(write, number)
    return {"customer_phone": phone, "customer_name": "A customer", "type": "order", "details": f"{write}.{number}"}


@cache
def phone_of(write: str, number: int) -> str:
    """The same for each repetition of a write."""
    return new_phone()


def post(address: str, headers: Mapping[str, str], **options: Any) -> requests.Response:
    """Over a new connection, without the proxy of the environment."""
    with requests.Session() as session:
        session.trust_env = False
        return session.post(address, headers=dict(headers), timeout=TIMEOUT_SECONDS, **options)


def browser(stage: Stage) -> requests.Session:
    """A browser in which the owner has logged in."""
    session = requests.Session()
    session.trust_env = False
    login = f"{stage.address}/admin/login/"
    session.get(login)
    typed = {"username": EMAIL, "password": stage.password, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
    answer = session.post(login, data=typed, headers={"Referer": login}, allow_redirects=False)
    assert answer.status_code == 302, answer.text
    return session
