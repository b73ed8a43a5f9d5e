"""Makes the businesses of bench.capacity.day, each with a number at Meta, and prints a line of JSON for each.

BENCH_BUSINESSES: how many.
"""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadsite.settings")
django.setup()

# ruff: noqa: E402 - Django's models can be imported only after setup()
from leadsite.accounts.services import create_business
from whatsapp.channels import connect_channel


def main() -> None:
    for number in range(int(os.environ["BENCH_BUSINESSES"])):
        business = create_business(email=f"shop-{number}@leadsite.example", name=f"Shop {number}")
        channel = connect_channel(user_id=business.user.pk, phone_number_id=f"2{number:014}")
        sys.stdout.write(json.dumps({"channel": channel.phone_number_id, "api_key": business.api_key}) + "\n")


if __name__ == "__main__":
    main()
