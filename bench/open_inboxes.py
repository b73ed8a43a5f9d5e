"""make bench: fifty people with the inbox of one business open, each with a chat in view, and nothing to do.

Each page asks what is new as live.js does. Prints the part of a processor that the web server and PostgreSQL need for
them. Exit code 1 where it is more than it may be. The business is that of bench.pages.
"""

import itertools
import random
import re
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Final

import psutil
import psycopg
import requests

from bench.harness import SITE_PORT, cpu_seconds, write
from bench.workplace import Workplace, command_line, log_in, workplace
from leadsite.demo.supervisor import HOST

PEOPLE: Final = 50
SECONDS: Final = 60.0
# EVERY in leadsite/inbox/static/inbox/live.js.
PAUSE_SECONDS: Final = 2.6
LIMIT: Final = 0.05  # of a processor
_INBOX: Final = f"http://{HOST}:{SITE_PORT}/admin/inbox/"


def main() -> None:
    options = command_line("python -m bench.open_inboxes", __doc__)
    with workplace(options) as place, ExitStack() as stack:
        browsers = [stack.enter_context(requests.Session()) for _ in range(PEOPLE)]
        for browser in browsers:
            log_in(browser, place)
        page = browsers[0].get(_INBOX, timeout=60).text
        address = f"{_INBOX}live/?tab=waiting&business={place.user_id}&chat="
        chats = itertools.cycle(dict.fromkeys(re.findall(r"/admin/inbox/([0-9a-f-]{36})/", page)))
        database = server_processes(place)
        over = threading.Event()
        with ThreadPoolExecutor(PEOPLE) as people:
            asked = [people.submit(look, one, address + next(chats), over) for one in browsers]
            time.sleep(2 * PAUSE_SECONDS)  # each has asked once
            before = cpu_seconds(place.site), cpu_seconds(database)
            time.sleep(SECONDS)
            web, postgres = cpu_seconds(place.site) - before[0], cpu_seconds(database) - before[1]
            over.set()
        questions = sum(one.result() for one in asked)
    figures = {"web": round(web / SECONDS, 3), "postgres": round(postgres / SECONDS, 3), "questions": questions}
    print(f"{PEOPLE} open inboxes: {figures['web']:.1%} of a processor, and {figures['postgres']:.1%} by PostgreSQL")
    write("open_inboxes", figures)
    sys.exit(web + postgres > LIMIT * SECONDS)


def server_processes(place: Workplace) -> list[psutil.Process]:
    """The server processes of the web server's connections, which it keeps."""
    with psycopg.connect(place.url, autocommit=True) as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()"
        return [psutil.Process(pid) for (pid,) in connection.execute(query)]


def look(browser: requests.Session, address: str, over: threading.Event) -> int:
    """Ask until it is over; return how often."""
    etag, count = "", 0
    over.wait(PAUSE_SECONDS * random.random())
    while not over.wait(PAUSE_SECONDS):
        answer = browser.get(address, headers={"If-None-Match": etag, "X-Inbox": "1"}, timeout=30)
        answer.raise_for_status()
        etag, count = answer.headers["ETag"], count + 1
    return count


if __name__ == "__main__":
    main()
