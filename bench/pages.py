"""make bench: every page of the staff, of a business with 1,000,000 leads and 5,000,000 messages.

Prints of each page its SQL statements, the median and the 99th percentile of its time as a browser gets it. Exit code 1
where one is slower than it may be, or where it needs other statements than for a business with ten rows of each kind.
"""

import json
import statistics
import sys
from http import HTTPStatus
from itertools import cycle, islice
from typing import Any, Final

import requests

from bench.harness import SITE_PORT, manage_module, write
from bench.workplace import Workplace, command_line, few_rows, workplace
from leadsite.demo.supervisor import HOST

ASKED: Final = 30
WARM: Final = 8
SITE: Final = f"http://{HOST}:{SITE_PORT}"
# What a page may take, in milliseconds: the inbox and its search less than the others.
INBOX_MS: Final = 100.0
MEDIAN_MS: Final = 150.0
P99_MS: Final = 500.0
# What a page may need more than for ten rows: for what only some rows have, such as the names of people. A search looks
# among the newest rows, then among more, then by the indexes of words.
MORE: Final = 3
MORE_OF_SEARCH: Final = 10


def main() -> None:
    options = command_line("python -m bench.pages", __doc__)
    with workplace(options) as place:
        figures = measure_all(place, options.only)
    write("pages", vars(options) | {"database_url": None, "pages": figures})
    wrong = [row for row in figures if row["wrong"]]
    print(f"{len(figures)} pages, {len(wrong)} of them slower, or with more statements for more rows, than they may.")
    sys.exit(bool(wrong))


def measure_all(place: Workplace, only: str = "") -> list[dict[str, Any]]:
    """Print the figures of each page whose name the regular expression finds, and return them."""
    few = {page["name"]: page for page in listed(few_rows(place.environment), only)["pages"]}
    many = listed(place.environment, only)
    browsers = {who: browser_of(many["cookie"], value) for who, value in many["cookies"].items()}
    print(f"{'':60} {'statements':>10} {'median':>8} {'p99':>8}   (ms)")
    return [measured(page, few.get(page["name"]), browsers[page["who"]]) for page in many["pages"]]


def listed(environment: dict[str, str], only: str) -> dict[str, Any]:
    # Pages that somebody may not see are asked for, too: that is no news.
    environment = environment | {"BENCH_ONLY": only, "LOG_LEVEL": "ERROR"}
    answer: dict[str, Any] = json.loads(manage_module(environment, "bench.page_statements"))
    return answer


def browser_of(cookie: str, value: str) -> requests.Session:
    """One that has logged in, and may post."""
    browser = requests.Session()
    browser.trust_env = False
    browser.cookies.set(cookie, value, domain=HOST)
    browser.get(f"{SITE}/admin/account/", timeout=60)
    browser.headers["X-CSRFToken"] = browser.cookies.get("csrftoken", domain=HOST) or ""
    return browser


def measured(page: dict[str, Any], of_few: dict[str, Any] | None, browser: requests.Session) -> dict[str, Any]:
    """Ask for the page as one browser, after some of its addresses once."""
    times = []
    refused = ""
    warm = min(WARM, len(page["paths"]) + 1)
    for path in islice(cycle(page["paths"]), warm + ASKED):
        answer = browser.request(page["method"], f"{SITE}{path}", timeout=120, allow_redirects=False)
        times.append(answer.elapsed.total_seconds() * 1000)
        if answer.status_code not in (HTTPStatus.OK, HTTPStatus.NO_CONTENT):
            refused = f"{path} answers {answer.status_code} {answer.headers.get('Location', '')}".strip()
            break
    ordered = sorted(times[warm:] or times)
    median, p99 = round(statistics.median(ordered), 1), round(ordered[int(len(ordered) * 0.99)], 1)
    limit = INBOX_MS if page["paths"][0].startswith("/admin/inbox/") else MEDIAN_MS
    statements, few = page["statements"], of_few["statements"] if of_few else page["statements"]
    more = MORE_OF_SEARCH if "search" in page["name"] else MORE
    wrong = (
        [refused] * bool(refused)
        + ["slow"] * (median > limit or p99 > P99_MS)
        + ["statements"] * (statements - few > more)
    )
    counted = f"{statements}" + f" ≠ {few}" * (statements != few)
    print(f"{page['name']:60} {counted:>10} {median:>8} {p99:>8}   {', '.join(wrong)}", flush=True)
    figures = {"page": page["name"], "statements": statements, "of_ten_rows": few}
    return figures | {"median_ms": median, "slowest_ms": p99, "wrong": wrong}


if __name__ == "__main__":
    main()
