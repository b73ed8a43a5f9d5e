"""Removes every trace of one customer of a business."""

import json
import sys
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from conversations.models import Customer
from conversations.phone import PhoneInvalid
from leadsite.accounts.models import User
from leadsite.privacy.erasing import erase_customer
from leadsite.privacy.exporting import count_traces
from leadsite.privacy.people import PersonUnknown, find_customer


def add_person_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--user", required=True, metavar="EMAIL", help="the business: its login")
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--phone", help="the customer's number, in international form")
    who.add_argument("--id", type=UUID, help="the customer's id, as GET /api/customers has it")


def chosen_customer(options: dict[str, Any]) -> Customer:
    """Raises CommandError."""
    user = User.objects.filter(email=options["user"].lower()).first()
    if user is None:
        raise CommandError(f"There is no business with the login {options['user']}.")
    try:
        return find_customer(user_id=user.pk, phone=options["phone"], customer_id=options["id"])
    except (PhoneInvalid, PersonUnknown) as error:
        raise CommandError(str(error)) from error


class Command(BaseCommand):
    help = (
        "Removes every trace of a customer: messages, leads, stored deliveries, events, refused rows of imports, the"
        " audit. It cannot be undone. Shows what would go, and asks; --yes does not ask. Exit code 1: nothing was done."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_person_arguments(parser)
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--json", action="store_true", help="print the numbers of removed rows as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        customer = chosen_customer(options)
        if not options["yes"]:
            self._ask(customer)
        try:
            erasure = erase_customer(user_id=customer.user_id, customer_id=customer.pk)
        except PersonUnknown as error:
            raise CommandError(f"{error} Somebody has erased or merged it in the meantime.") from error
        if options["json"]:
            self.stdout.write(json.dumps({"erasure_id": str(erasure.pk), "removed": erasure.removed}))
            return
        self.stdout.write(f"Erased. Rows removed or changed: {_sentence(erasure.removed)}.")
        self.stdout.write("Backups, and logs outside of the database: see docs/privacy.md.")

    def _ask(self, customer: Customer) -> None:
        self.stdout.write(f"This would be removed of {customer}: {_sentence(count_traces(customer))}.")
        self.stdout.write("It cannot be undone. Export it first: manage.py export_customer.")
        if not sys.stdin.isatty():
            raise CommandError("Nothing was done. Add --yes where nobody can be asked.")
        answer = input("Type erase to go on: ")
        if answer.strip().lower() != "erase":
            raise CommandError("Nothing was done.")


def _sentence(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} of {table}" for table, count in sorted(counts.items())) or "nothing"
