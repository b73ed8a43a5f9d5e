"""Prints, as JSON, the pages of the staff of a business, the SQL statements of each, and the cookies of logins.

Run by bench.pages in a process of its own, with the database in DATABASE_URL. BENCH_USER_ID is the business,
BENCH_ONLY a regular expression of their names.
"""

import json
import os
import re
import sys
from typing import Any, Final

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadsite.settings")
django.setup()

# ruff: noqa: E402 - Django's models can be imported only after setup()
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.page_list import Page, pages_of
from leadsite.accounts.models import User

OPERATOR: Final = "operator@leadsite.example"
# Rows that differ may need different statements, as an open and a closed window of answers: the most of so many.
LOOKED_AT: Final = 2


def main() -> None:
    business = User.objects.get(pk=os.environ["BENCH_USER_ID"])
    operator = User.objects.filter(email=OPERATOR).first() or User.objects.create_superuser(OPERATOR)
    people = {"owner": logged_in(business), "operator": logged_in(operator)}
    found = [page for page in pages_of(business, people) if re.search(os.environ["BENCH_ONLY"], page.name)]
    pages = [page._asdict() | {"statements": statements(page, people[page.who])} for page in found]
    cookies = {who: browser.cookies[settings.SESSION_COOKIE_NAME].value for who, browser in people.items()}
    json.dump({"cookie": settings.SESSION_COOKIE_NAME, "cookies": cookies, "pages": pages}, sys.stdout)


def logged_in(user: User) -> Client:
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(user)
    return browser


def statements(page: Page, browser: Client) -> int:
    ask: Any = getattr(browser, page.method.lower())
    ask(page.paths[0])  # what a process remembers is asked for now
    counts = []
    for path in page.paths[:LOOKED_AT]:
        with CaptureQueriesContext(connection) as queries:
            ask(path)
        counts.append(len(queries))
    return max(counts)


if __name__ == "__main__":
    main()
