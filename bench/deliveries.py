"""make bench: WhatsApp deliveries per second, compared with a stand-in that checks neither signatures nor duplicates.

Deliveries of one message from a new customer, alternately with the stand-in; then, for the site alone: deliveries of
1000 messages, deliveries of 100, and single ones during long ones.
"""

import hmac
import json
import statistics
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from bench.harness import (
    APP_SECRET,
    CHANNEL,
    SITE_PORT,
    STANDIN,
    STANDIN_PORT,
    Contender,
    Servers,
    both_servers,
    command_line,
    compare,
    measure,
    write,
)
from bench.load import Load, new_phone, post, request

PATH = "/api/webhooks/whatsapp"
LONG = 1000


def main() -> None:
    options = command_line("python -m bench.deliveries", __doc__)
    with both_servers(options.database_url) as servers:
        contenders = contenders_of(servers, clients=options.clients, seconds=options.seconds)
        measure(contenders, options.rounds, servers.environment["DATABASE_URL"])
        figures: dict[str, Any] = {"contenders": compare(contenders, "deliveries")}
        figures |= long_deliveries() | deliveries_of_100(options.seconds) | singles_during_long_ones(options.seconds)
        print(f"A delivery of {LONG} messages, all of new customers: median {figures['thousand_ms']} ms.")
        print(f"Deliveries of 100 messages over 4 connections: {figures['messages_per_second']} messages/s.")
        print(
            f"Single deliveries during deliveries of 100 messages: median {figures['single_median_ms']} ms,"
            f" p99 {figures['single_p99_ms']} ms."
        )
        write("deliveries", figures)


def contenders_of(servers: Servers, *, clients: int, seconds: float) -> list[Contender]:
    def deliver(port: int) -> Load:
        return post(port, deliveries(port), clients=clients, seconds=seconds)

    return [
        Contender(STANDIN, lambda: deliver(STANDIN_PORT), servers.standin),
        Contender("leadsite webhook", lambda: deliver(SITE_PORT), servers.site),
    ]


def long_deliveries(rounds: int = 15) -> dict[str, float]:
    load = post(SITE_PORT, deliveries(SITE_PORT, LONG, limit=rounds), clients=1, seconds=120)
    return {"thousand_ms": _ms(statistics.median(load.latencies))}


def deliveries_of_100(seconds: float) -> dict[str, float]:
    load = post(SITE_PORT, deliveries(SITE_PORT, 100), clients=4, seconds=seconds)
    return {"messages_per_second": round(load.rate * 100)}


def singles_during_long_ones(seconds: float) -> dict[str, float]:
    """Single deliveries of 8 clients, 200 per second in all, while another client sends deliveries of 100 messages."""
    background = threading.Thread(
        target=post, args=(SITE_PORT, deliveries(SITE_PORT, 100)), kwargs={"clients": 1, "seconds": seconds}
    )
    background.start()
    load = post(SITE_PORT, paced(deliveries(SITE_PORT), 200), clients=8, seconds=seconds)
    background.join()
    return {
        "single_median_ms": _ms(statistics.median(load.latencies)),
        "single_p99_ms": _ms(statistics.quantiles(load.latencies, n=100)[98]),
    }


def paced(requests: Iterator[bytes], per_second: int) -> Iterator[bytes]:
    """Yield at most `per_second` requests per second."""
    started = time.perf_counter()
    for number, request_bytes in enumerate(requests):
        time.sleep(max(0.0, started + number / per_second - time.perf_counter()))
        yield request_bytes


def deliveries(port: int, messages: int = 1, limit: int | None = None) -> Iterator[bytes]:
    """Yield requests with signed deliveries of `messages` messages, each from a new customer; `limit`: how many."""
    number = 0
    while limit is None or number < limit:
        number += 1
        body = json.dumps(delivery([new_phone() for _ in range(messages)])).encode()
        yield request(port, PATH, body, X_Hub_Signature_256=signature(body))


def signature(body: bytes) -> str:
    return f"sha256={hmac.new(APP_SECRET.encode(), body, sha256).hexdigest()}"


def delivery(phones: list[str], *, channel: str = CHANNEL, message: str = "E") -> dict[str, Any]:
    """What Meta posts for one text message of each customer. `message`: the end of their ids."""
    return value_of(
        channel,
        contacts=[{"profile": {"name": "John Doe"}, "wa_id": phone, "user_id": f"US.{phone}"} for phone in phones],
        messages=[
            {
                "from": phone,
                "from_user_id": f"US.{phone}",
                "id": f"wamid.HBgL{phone}FQIAEhgUM0{message}",
                "timestamp": str(int(time.time())),
                "type": "text",
                "text": {"body": "Customer wants to place an order"},
            }
            for phone in phones
        ],
    )


def value_of(channel: str, **parts: list[Any]) -> dict[str, Any]:
    """A delivery about a number: its messages with their contacts, or statuses."""
    metadata = {"display_phone_number": "15550783881", "phone_number_id": channel}
    change = {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **parts}}
    return {"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [change]}]}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


if __name__ == "__main__":
    main()
