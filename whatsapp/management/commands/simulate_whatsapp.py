"""manage.py simulate_whatsapp: a customer who writes, without a phone and without Meta."""

import json
import secrets
import shlex
import sys
import time
from argparse import ArgumentTypeError
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from tqdm import tqdm

from conversations.identity import PhoneInvalid, normalise
from whatsapp import simulated
from whatsapp.models import Channel
from whatsapp.signature import sign_for_meta, sign_for_twilio
from whatsapp.simulated import ABOUT_ANOTHER, KINDS, Customer, Said

PATH: Final = "/api/webhooks/whatsapp"
DEMO_CHANNEL: Final = "100000000000001"
TIMEOUTS: Final = (3, 30)  # to connect, to answer; seconds
THREADS: Final = 8
MAX_BURST: Final = 100_000
NO_ANSWER: Final = "no answer"
WRONG_USE: Final = 2
HINTS: Final = {
    NO_ANSWER: "Nothing answers at {url}: start the site with `make run`, or name it with --url.",
    "401": "401: the site has other secrets. Its WHATSAPP_APP_SECRETS must hold the one used here (--secret).",
    "503": "503: the site's database is away, or refused the delivery. Meta would deliver it again.",
}


@dataclass(frozen=True, slots=True)
class Delivery:
    message_id: str
    body: bytes
    headers: dict[str, str]


class Command(BaseCommand):
    help = (
        "Post a correctly signed WhatsApp delivery to the running site: a customer's message, or with --status what"
        " became of one that the business sent. Nothing reaches WhatsApp. Exit code 1 where the site did not take"
        " everything, 2 where the command cannot know what to send."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        who = parser.add_argument_group("who writes")
        who.add_argument("--from", dest="phone", type=phone, help="+491511234567; default: somebody new")
        who.add_argument("--name", default="", help="the name in the customer's profile")
        who.add_argument("--bsuid", default="", help="WhatsApp user id; without --from the number stays hidden")
        what = parser.add_argument_group("what")
        what.add_argument("--text", default="", help="the message; of another kind its caption, title or emoji")
        kinds = "default: text; reaction, edit and revoke need --message-id"
        what.add_argument("--kind", choices=KINDS, default="text", help=kinds)
        what.add_argument("--ad", default="", help="the headline of an advertisement that brought the customer")
        many = "N messages at once, of N new customers, or of the one of --from"
        what.add_argument("--burst", type=burst, default=1, metavar="N", help=many)
        became = "instead of a message: what became of --message-id"
        what.add_argument("--status", choices=["sent", "delivered", "read", "failed"], help=became)
        what.add_argument("--message-id", default="", help="the message that a status, reaction, edit … is about")
        where = parser.add_argument_group("where to")
        where.add_argument("--url", default=f"http://127.0.0.1:{settings.PORT}", help="default: %(default)s")
        where.add_argument("--provider", choices=Channel.Provider.values, default="cloud", help="default: cloud")
        where.add_argument("--phone-number-id", default="", help="the business's number; default: the only one")
        where.add_argument("--secret", default="", help="default: the first of WHATSAPP_APP_SECRETS")
        parser.add_argument("--print", action="store_true", help="print body and curl command, and post nothing")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        check(options)
        options["secret"] = options["secret"] or next(iter(settings.WHATSAPP_APP_SECRETS), "")
        if not options["secret"]:
            raise CommandError("WHATSAPP_APP_SECRETS is not set: give --secret.", returncode=WRONG_USE)
        options["channel"] = options["phone_number_id"] or only_channel(options["provider"])
        url = options["url"].rstrip("/") + PATH
        deliveries = [make_delivery(url, options) for _ in range(options["burst"])]
        if options["print"]:
            for delivery in deliveries:
                self.stdout.write(delivery.body.decode("ascii"))
                self.stdout.write(curl(url, delivery))
            return
        answers, seconds = post_all(url, deliveries, quiet=options["json"])
        self.report(options, deliveries, answers, seconds)
        for answer, count in answers.items():
            if answer != "200":
                hint = HINTS.get(answer, "The site answered {answer}.").format(url=options["url"], answer=answer)
                raise CommandError(f"{hint} ({count} of {answers.total()})" if len(deliveries) > 1 else hint)

    def report(
        self, options: dict[str, Any], deliveries: list[Delivery], answers: Counter[str], seconds: float
    ) -> None:
        taken, total = answers["200"], answers.total()
        if options["json"]:
            ids = [delivery.message_id for delivery in deliveries]
            counts = {"posted": total, "answered_200": taken, "answers": dict(answers)}
            self.stdout.write(json.dumps(counts | {"seconds": round(seconds, 3), "message_ids": ids}))
        elif total > 1:
            self.stdout.write(f"{taken} of {total} answered 200 in {seconds:.1f} s ({total / seconds:.0f} a second).")
        elif taken:
            self.stdout.write(f"200 in {seconds * 1000:.0f} ms: {deliveries[0].message_id}")
        if taken and not options["json"]:
            self.stdout.write(f"See {options['url'].rstrip('/')}/admin/conversations/conversation/")


def phone(text: str) -> str:
    try:
        return normalise(text)
    except PhoneInvalid as error:
        raise ArgumentTypeError(str(error)) from error


def burst(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_BURST):
        raise ArgumentTypeError(f"a number from 1 to {MAX_BURST}")
    return int(text)


def check(options: dict[str, Any]) -> None:
    """Refuse what cannot be meant."""
    problem = ""
    if options["status"] and not options["message_id"]:
        problem = "--status needs --message-id: a status is about a message."
    elif options["kind"] in ABOUT_ANOTHER and not options["message_id"]:
        problem = f"--kind {options['kind']} needs --message-id: it is about a message."
    elif options["provider"] == "twilio" and (options["kind"] != "text" or options["bsuid"] or options["ad"]):
        problem = "As Twilio, only texts of customers with a number can be sent here."
    elif urlsplit(options["url"]).scheme not in ("http", "https"):
        problem = "--url begins with http:// or https://."
    if problem:
        raise CommandError(problem, returncode=WRONG_USE)


def only_channel(provider: str) -> str:
    """The number that can be meant where none is named. Raises CommandError where that is not clear."""
    try:
        rows = Channel.objects.filter(provider=provider, active=True).order_by("pk").select_related("user")
        channels = {row.phone_number_id: str(row.user) for row in rows[:20]}
    except Error as error:
        reason = f"The database does not answer, so give --phone-number-id. ({type(error).__name__})"
        raise CommandError(reason, returncode=WRONG_USE) from error
    if len(channels) == 1:
        return next(iter(channels))
    if DEMO_CHANNEL in channels:
        return DEMO_CHANNEL
    if not channels:
        none = "No WhatsApp number is connected yet: manage.py create_business connects one, or give --phone-number-id."
        raise CommandError(none, returncode=WRONG_USE)
    several = "\n".join(f"  {number}  {business}" for number, business in channels.items())
    raise CommandError(f"Which number? Give --phone-number-id, one of\n{several}", returncode=WRONG_USE)


def make_delivery(url: str, options: dict[str, Any]) -> Delivery:
    number = options["phone"] or ("" if options["bsuid"] else f"+4915{secrets.randbelow(10**9):09d}")
    customer = Customer(phone=number, user_id=options["bsuid"], name=options["name"])
    is_twilio = options["provider"] == Channel.Provider.TWILIO
    if options["status"]:
        message_id = options["message_id"]
        about: dict[str, Any] = {"status": options["status"]}
        make: Any = simulated.twilio_status if is_twilio else simulated.meta_status
    else:
        message_id = f"SM{secrets.token_hex(16)}" if is_twilio else simulated.new_message_id()
        text, target = options["text"], options["message_id"]
        about = {"said": Said(kind=options["kind"], text=text, target=target, advertisement=options["ad"])}
        make = simulated.twilio_message if is_twilio else simulated.meta_message
    made = make(channel=options["channel"], customer=customer, message_id=message_id, **about)
    if is_twilio:
        headers = {"X-Twilio-Signature": sign_for_twilio(url, made, options["secret"])}
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return Delivery(message_id, simulated.as_form(made), headers)
    headers = {"X-Hub-Signature-256": sign_for_meta(made, options["secret"]), "Content-Type": "application/json"}
    return Delivery(message_id, made, headers)


def post_all(url: str, deliveries: list[Delivery], *, quiet: bool) -> tuple[Counter[str], float]:
    """Post them, several at once, and count the answers. The bar shows on a terminal only."""
    answers: Counter[str] = Counter()
    shown = not quiet and len(deliveries) > 1 and sys.stderr.isatty()
    began = time.monotonic()
    with (
        ThreadPoolExecutor(min(THREADS, len(deliveries))) as threads,
        tqdm(total=len(deliveries), unit="message", disable=not shown) as bar,
    ):
        for answer in threads.map(lambda delivery: post(url, delivery), deliveries):
            answers[answer] += 1
            bar.update()
    return answers, time.monotonic() - began


def post(url: str, delivery: Delivery) -> str:
    with requests.Session() as session:
        session.trust_env = False  # no proxy, and no password of ~/.netrc in place of the signature
        try:
            answer = session.post(
                url, data=delivery.body, headers=delivery.headers, timeout=TIMEOUTS, allow_redirects=False
            )
        except (requests.ConnectionError, requests.Timeout):
            return NO_ANSWER
        return str(answer.status_code)


def curl(url: str, delivery: Delivery) -> str:
    headers = " ".join(f"-H {shlex.quote(f'{name}: {value}')}" for name, value in delivery.headers.items())
    return f"curl {shlex.quote(url)} {headers} --data-binary {shlex.quote(delivery.body.decode('ascii'))}"
