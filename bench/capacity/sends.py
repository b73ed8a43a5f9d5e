"""What a message to a customer uses: a program's request, the worker that sends it, and Meta's reports about it."""

import time
from collections.abc import Sequence
from typing import Any, Final

import psutil

from bench.capacity.costs import CLIENTS, WARM_UP, Use, execute, signed, use_of
from bench.deliveries import value_of
from bench.harness import CHANNEL, SITE_PORT
from bench.load import new_message, post
from bench.sending import NO_LIMIT, STUB_PORT, running

SEND: Final = "message sent by POST /api/whatsapp, known customer"
REPORT: Final = "delivery, report that a message was sent, delivered or read"
# Of each message, in this order.
REPORTS: Final = ("sent", "delivered", "read")
# With these the worker sends to the stub of bench.sending, as fast as it can.
TO_STUB: Final = {
    "WHATSAPP_BACKEND": "cloud",
    "WHATSAPP_API_BASE_URL": f"http://127.0.0.1:{STUB_PORT}",
    "WHATSAPP_MESSAGES_PER_SECOND": NO_LIMIT,
}
_POLL_SECONDS: Final = 0.5
_CONNECTIONS: Final = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
_UNSENT: Final = "SELECT count(*) FROM messages WHERE status IN ('queued', 'sending')"
_SENT: Final = "SELECT provider_id, address FROM messages WHERE direction = 'out' AND status = 'sent' ORDER BY id"


def measure_sending(
    environment: dict[str, str], site: list[psutil.Process], key: str, phones: Sequence[str]
) -> tuple[dict[str, Use], int]:
    """Return what a message uses, and a report about one; and how many connections the worker has. `phones`: of
    customers who have just written, and get a message each; WARM_UP of them before it counts. The stub runs.
    """
    url = environment["DATABASE_URL"]
    without = connections(url)
    with running("worker", environment) as worker:

        def send(some: Sequence[str]) -> None:
            post(SITE_PORT, (new_message(SITE_PORT, key, phone) for phone in some), clients=CLIENTS, seconds=600)
            until_sent(url)

        send(phones[:WARM_UP])
        messages = phones[WARM_UP:]
        sending = use_of(url, site, lambda: send(messages), worker=[worker])
        of_worker = connections(url) - without
    sent = execute(url, _SENT)
    reports = use_of(url, site, lambda: report_all(sent))
    uses = {SEND: sending.times(1 / len(messages)), REPORT: reports.times(1 / len(sent) / len(REPORTS))}
    return uses, of_worker


def connections(url: str) -> int:
    return int(execute(url, _CONNECTIONS)[0][0])


def until_sent(url: str) -> None:
    """Wait until the worker has recorded all that is queued."""
    while execute(url, _UNSENT)[0][0]:
        time.sleep(_POLL_SECONDS)


def report_all(sent: Sequence[tuple[str, str]]) -> None:
    """Meta's reports, each in a delivery of its own."""
    for status in REPORTS:
        made = (signed(report(status, *message)) for message in sent)
        post(SITE_PORT, made, clients=CLIENTS, seconds=600)


def report(status: str, provider_id: str, address: str) -> dict[str, Any]:
    """What Meta posts about a message."""
    about = {"id": provider_id, "status": status, "timestamp": str(int(time.time())), "recipient_id": address[1:]}
    conversation = {"id": f"C{provider_id[-32:]}", "origin": {"type": "service"}}
    pricing = {"billable": False, "pricing_model": "PMP", "category": "service", "type": "free_customer_service"}
    return value_of(CHANNEL, statuses=[about | {"conversation": conversation, "pricing": pricing}])
