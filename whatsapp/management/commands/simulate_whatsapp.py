"""manage.py simulate_whatsapp: simulates a customer's messages without a phone and without Meta."""

import json
import secrets
import sys
import time
from argparse import ArgumentTypeError
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from conversations.phone import PhoneInvalid, normalise
from whatsapp.models import Channel
from whatsapp.simulator import bodies
from whatsapp.simulator.bodies import ABOUT_ANOTHER, ECHO, KINDS, Content, Customer
from whatsapp.simulator.post import NO_ANSWER, Delivery, curl, post, signed, webhook_of
from whatsapp.simulator.site import WRONG_USE, delivery_note, only_channel, signing_for

THREADS: Final = 8
MAX_BURST: Final = 100_000
UNSIGNED: Final = "No secret is known for {channel}: store its app secret, set WHATSAPP_APP_SECRETS or give --secret."
WITHOUT_A_PATH: Final = "--url is the address of the site, without a path."
HINTS: Final = {
    NO_ANSWER: "Nothing answers at {url}: start the site with `make run`, or name it with --url.",
    "401": "401: the site has other secrets. That of the number, or its WHATSAPP_APP_SECRETS where the number has none,"
    " must be the one used here (--secret).",
    "403": f"403: there is no webhook at {{url}}. {WITHOUT_A_PATH}",
    "404": f"404: there is no webhook at {{url}}. {WITHOUT_A_PATH}",
    "503": "503: the site's database is not available, or refused the delivery. Meta would deliver it again.",
}


class Command(BaseCommand):
    help = (
        "Post a correctly signed WhatsApp delivery to the running site: a customer's message, or with --status the"
        " status of a message that the business sent. Nothing reaches WhatsApp. Exit code 1 where the site did not"
        " accept everything, 2 where the options are invalid."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        who = parser.add_argument_group("sender")
        who.add_argument("--from", dest="phone", type=phone, help="+491511234567; default: a new customer")
        who.add_argument("--name", default="", help="the name in the customer's profile")
        who.add_argument("--bsuid", default="", help="WhatsApp user id; without --from the number stays hidden")
        what = parser.add_argument_group("message or status")
        what.add_argument("--text", default="", help="the text; for other kinds the caption, title or emoji")
        kinds = "default: text; reaction, edit and revoke need --message-id; echo: written by the owner on the phone"
        what.add_argument("--kind", choices=[*KINDS, ECHO], help=kinds)
        what.add_argument("--ad", default="", help="the headline of an advertisement that brought the customer")
        many = "N messages at once, from N new customers, or from the customer of --from"
        what.add_argument("--burst", type=burst, default=1, metavar="N", help=many)
        status = "instead of a message: the status of --message-id"
        what.add_argument("--status", choices=["sent", "delivered", "read", "failed"], help=status)
        what.add_argument("--message-id", default="", help="the message that a status, reaction, edit … is about")
        where = parser.add_argument_group("destination")
        where.add_argument("--url", default=f"http://127.0.0.1:{settings.PORT}", help="default: %(default)s")
        where.add_argument("--provider", choices=Channel.Provider.values, default="cloud", help="default: cloud")
        where.add_argument("--phone-number-id", default="", help="the business's number; default: the only one")
        where.add_argument(
            "--secret", default="", help="default: that of the number, or the first of WHATSAPP_APP_SECRETS"
        )
        parser.add_argument("--print", action="store_true", help="print body and curl command, and post nothing")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        check(options)
        number = options["phone_number_id"].strip().removeprefix("whatsapp:")
        options["channel"] = number or only_channel(options["provider"])
        signing = signing_for(options["provider"], options["channel"])
        options |= {"secret": options["secret"] or signing.secret, "account": signing.account}
        if not options["secret"]:
            raise CommandError(UNSIGNED.format(**options), returncode=WRONG_USE)
        url = webhook_of(options["url"])
        deliveries = [make_delivery(url, options) for _ in range(options["burst"])]
        if options["print"]:
            for delivery in deliveries:
                self.stdout.write(delivery.body.decode("ascii"))
                self.stdout.write(curl(delivery))
            return
        # Before posting, because the delivery may change the result.
        about_sent = options["message_id"] if options["status"] else ""
        note = delivery_note(number=options["channel"], sent_message=about_sent)
        answers, seconds = post_all(deliveries, quiet=options["json"])
        self.report(options, deliveries, answers, seconds, note)
        for answer, count in answers.items():
            if answer != "200":
                hint = HINTS.get(answer, "The site answered {answer}.").format(url=options["url"], answer=answer)
                raise CommandError(f"{hint} ({count} of {answers.total()})" if len(deliveries) > 1 else hint)

    def report(
        self, options: dict[str, Any], deliveries: list[Delivery], answers: Counter[str], seconds: float, note: str
    ) -> None:
        taken, total = answers["200"], answers.total()
        if options["json"]:
            ids = [delivery.message_id for delivery in deliveries]
            counts = {"posted": total, "answered_200": taken, "answers": dict(answers)}
            self.stdout.write(json.dumps(counts | {"seconds": round(seconds, 3), "message_ids": ids, "note": note}))
            return
        if total > 1:
            self.stdout.write(f"{taken} of {total} answered 200 in {seconds:.1f} s ({total / seconds:.0f} a second).")
        elif taken:
            self.stdout.write(f"200 in {seconds * 1000:.0f} ms: {deliveries[0].message_id}")
        if taken:
            self.stdout.write(note or f"See {options['url'].rstrip('/')}/admin/conversations/conversation/")
        if taken == 1 and options["kind"] == ECHO and not note:
            command = f"manage.py simulate_whatsapp --status read --message-id {deliveries[0].message_id}"
            self.stdout.write(f"To report its status: {command}")


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
    """Refuse options that contradict each other. Raises CommandError."""
    given = {name for name in ("kind", "text", "ad", "name", "bsuid") if options[name]}
    given |= {"burst"} if options["burst"] > 1 else set()
    kind, problem = options["kind"] or "text", ""
    if options["status"] and not options["message_id"]:
        problem = "--status needs --message-id: a status is about a message."
    elif options["status"] and (more := sorted(given - {"bsuid"})):
        problem = f"--status is sent instead of a message: leave out {', '.join(f'--{name}' for name in more)}."
    elif kind in ABOUT_ANOTHER and not options["message_id"]:
        problem = f"--kind {kind} needs --message-id: it is about a message."
    elif kind == ECHO and (more := sorted(given & {"ad", "name"})):
        problem = f"--kind echo is written by the owner: leave out {', '.join(f'--{name}' for name in more)}."
    elif options["provider"] == "twilio" and (kind != "text" or given & {"bsuid", "ad"}):
        problem = "For Twilio, only texts from customers with a number can be simulated."
    else:
        problem = address_problem(options["url"])
    if problem:
        raise CommandError(problem, returncode=WRONG_USE)


def address_problem(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return f"--url: {url} is no address."
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "--url begins with http:// or https://, and a host follows."
    return WITHOUT_A_PATH if parts.path.strip("/") or parts.query or parts.fragment else ""


def make_delivery(url: str, options: dict[str, Any]) -> Delivery:
    number = options["phone"] or ("" if options["bsuid"] else f"+4915{secrets.randbelow(10**9):09d}")
    customer = Customer(phone=number, user_id=options["bsuid"], name=options["name"])
    is_twilio = options["provider"] == Channel.Provider.TWILIO
    if options["status"]:
        message_id = options["message_id"]
        about: dict[str, Any] = {"status": options["status"]}
        make: Any = bodies.twilio_status if is_twilio else bodies.meta_status
    else:
        message_id = f"SM{secrets.token_hex(16)}" if is_twilio else bodies.new_message_id()
        text, target = options["text"], options["message_id"]
        kind = options["kind"] or "text"
        about = {"content": Content(kind=kind, text=text, target=target, advertisement=options["ad"])}
        by_meta = bodies.meta_echo if kind == ECHO else bodies.meta_message
        make = bodies.twilio_message if is_twilio else by_meta
    if is_twilio:
        about["account"] = options["account"]
    body = make(channel=options["channel"], customer=customer, message_id=message_id, **about)
    return signed(url=url, provider=options["provider"], message_id=message_id, body=body, secret=options["secret"])


def post_all(deliveries: list[Delivery], *, quiet: bool) -> tuple[Counter[str], float]:
    """Post them concurrently and count the responses. The bar is shown on a terminal only."""
    answers: Counter[str] = Counter()
    shown = not quiet and len(deliveries) > 1 and sys.stderr.isatty()
    started = time.monotonic()
    with (
        ThreadPoolExecutor(min(THREADS, len(deliveries))) as threads,
        tqdm(total=len(deliveries), unit="message", disable=not shown) as bar,
    ):
        for answer in threads.map(post, deliveries):
            answers[answer] += 1
            bar.update()
    return answers, time.monotonic() - started
