"""The stand-in for the sender: a loop and a pool of threads, one request and one update for each message.

No leases, no order, no rate limit, one kind of error: killed while sending, it sends messages again. It runs until the
queue is empty. DATABASE_URL and WHATSAPP_API_BASE_URL name the database and the API.
"""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import psycopg
import requests

THREADS: Final = 16
BATCH: Final = 64
TAKE: Final = """
    UPDATE messages SET status = 'sending' WHERE id IN (
        SELECT id FROM messages WHERE status = 'queued' ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
    RETURNING id, address, content
"""
_mine: Final = threading.local()


def send(row: tuple[Any, str, str]) -> None:
    id_, address, content = row
    if not hasattr(_mine, "session"):
        _mine.session = requests.Session()
        _mine.session.trust_env = False
        _mine.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    body = {
        "messaging_product": "whatsapp",
        "to": address,
        "type": "text",
        "text": {"body": content},
        "biz_opaque_callback_data": str(id_),
    }
    url = f"{os.environ['WHATSAPP_API_BASE_URL']}/v26.0/1/messages"
    answer = _mine.session.post(url, json=body, headers={"Authorization": "Bearer token"}, timeout=10)
    provider_id = answer.json()["messages"][0]["id"]
    query = "UPDATE messages SET status = 'sent', provider_id = %s WHERE id = %s"
    _mine.connection.execute(query, [provider_id, id_])


def main() -> None:
    with (
        psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection,
        ThreadPoolExecutor(THREADS) as pool,
    ):
        while rows := connection.execute(TAKE, [BATCH]).fetchall():
            list(pool.map(send, rows))


if __name__ == "__main__":
    main()
