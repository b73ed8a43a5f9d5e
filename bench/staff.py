"""Gives the business of a benchmark a password, and prints it; counts the figures of its overview.

Run by bench.pages; BENCH_USER_ID is a business of the benchmark's database.
"""

import os
import secrets
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadsite.settings")
django.setup()

# ruff: noqa: E402 - Django's models can be imported only after setup()
from leadsite.accounts.models import User
from leadsite.figures.counting import count_days

DAYS = 30


def main() -> None:
    user = User.objects.get(pk=os.environ["BENCH_USER_ID"])
    user.set_password(password := secrets.token_urlsafe())
    user.save(update_fields=["password"])
    count_days(days=DAYS)
    sys.stdout.write(password)


if __name__ == "__main__":
    main()
