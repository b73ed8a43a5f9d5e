"""The stand-in for imports: three bulk_create per thousand rows. Prints the seconds; run by bench.imports."""

import os
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadsite.settings")
django.setup()

# ruff: noqa: E402 - Django's models can be imported only after setup()
from django.db import transaction

from bench.imports import BULK, chunks, rows, uuid_v7
from conversations.models import Conversation, Customer
from leads.models import Lead


def main() -> None:
    user_id, count = os.environ["BENCH_USER_ID"], int(os.environ["BENCH_ROWS"])
    started = time.perf_counter()
    for chunk in chunks(rows(count), BULK):
        with transaction.atomic():
            customers = [Customer(id=uuid_v7(), user_id=user_id, phone=phone, name=name) for phone, name, *_ in chunk]
            Customer.objects.bulk_create(customers)
            threads = [Conversation(id=uuid_v7(), user_id=user_id, customer=customer) for customer in customers]
            Conversation.objects.bulk_create(threads)
            Lead.objects.bulk_create(
                Lead(id=uuid_v7(), user_id=user_id, conversation=thread, type=kind, details=details, source="import")
                for thread, (_, _, kind, details) in zip(threads, chunk, strict=True)
            )
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main()
