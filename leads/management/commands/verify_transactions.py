"""manage.py verify_transactions: proves on the configured database that lead and conversation are created together."""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from conversations.models import Conversation, Customer
from leads.models import Lead
from leads.services.create import create_lead
from leads.services.refusals import LeadRefused
from leads.services.rules import NewLead
from leadsite.accounts.models import User

GOOD: Final = NewLead(customer_phone="+1234567890", customer_name="Verify", type=Lead.Type.INQUIRY)
BAD: Final = {
    "no phone": replace(GOOD, customer_phone=""),
    "an invalid phone": replace(GOOD, customer_phone="12345"),
    "a blank name": replace(GOOD, customer_name="  "),
    "a name too long": replace(GOOD, customer_name="x" * 201),
    "an unknown type": replace(GOOD, type="invalid_type"),
    "an unknown status": replace(GOOD, status="invalid_status"),
    "an unknown conversation status": replace(GOOD, conversation_status="invalid_status"),
    "details too long": replace(GOOD, details="x" * 10_001),
    "a NUL character": replace(GOOD, details="a\0b"),
    "a lone surrogate": replace(GOOD, customer_name="\ud800"),
}
UNKNOWN_USER: Final = UUID("00000000-0000-7000-8000-000000000000")


class Command(BaseCommand):
    help = (
        "Prove on the configured database that a lead and its conversation are created together or not at all."
        " Everything happens inside one transaction that is rolled back, so the database stays as it was."
        " Prints one line for each proof; the exit code is 1 where one fails."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        failed = 0
        logging.disable(logging.WARNING)  # the refusals below are intended and do not belong in the log
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL statement_timeout = 0")  # the orphan search reads whole tables
                user = User.objects.create_user("verify-transactions@leadsite.invalid", business_name="verify")
                for name, holds in Proofs(user.pk).all():
                    failed += not holds
                    self.stdout.write(f"{'ok  ' if holds else 'FAIL'}  {name}")
                transaction.set_rollback(True)
        finally:
            logging.disable(logging.NOTSET)
        left = User.objects.filter(email="verify-transactions@leadsite.invalid").exists()
        failed += left
        self.stdout.write(f"{'FAIL' if left else 'ok  '}  everything above was rolled back")
        if failed:
            raise CommandError(f"{failed} of the proofs failed: do not trust this database with leads.")


class Proofs:
    """The proofs: each a sentence, and whether it holds. Caller holds the transaction."""

    def __init__(self, user_id: UUID) -> None:
        self.user_id = user_id

    def all(self) -> Iterator[tuple[str, bool]]:
        yield "service: a creation makes customer, conversation and lead", self.service_makes_all()
        yield "service: a second one joins the active conversation", self.service_joins()
        yield "function: a creation makes customer, conversation and lead", self.function_makes_all()
        for what, bad in BAD.items():
            yield f"service: {what} leaves nothing", self.leaves_nothing(partial(self.service_refuses, bad))
            if "\0" not in bad.details and bad.customer_name.isascii():
                yield (
                    f"function: {what} leaves nothing",
                    self.leaves_nothing(partial(self.function_refuses, self.user_id, bad)),
                )
        yield (
            "function: an unknown user leaves nothing",
            self.leaves_nothing(partial(self.function_refuses, UNKNOWN_USER, GOOD)),
        )
        yield "forced: a failure after the conversation and before the lead leaves neither", self.forced_failure()
        yield "no lead anywhere is without conversation, customer or the same owner", self.no_orphan_lead()
        yield "no conversation anywhere is without both lead and message", self.no_empty_conversation()

    def counts(self) -> tuple[int, int, int]:
        return (
            Customer.objects.filter(user=self.user_id).count(),
            Conversation.objects.filter(user=self.user_id).count(),
            Lead.objects.filter(user=self.user_id).count(),
        )

    def service_makes_all(self) -> bool:
        created = create_lead(user_id=self.user_id, lead=GOOD, source=Lead.Source.MANUAL)
        lead = Lead.objects.select_related("conversation").get(pk=created.lead_id)
        return self.counts() == (1, 1, 1) and lead.conversation_id == created.conversation_id

    def service_joins(self) -> bool:
        created = create_lead(user_id=self.user_id, lead=GOOD, source=Lead.Source.MANUAL)
        return not created.conversation_created and self.counts() == (1, 1, 2)

    def function_makes_all(self) -> bool:
        answer = self.call_function(self.user_id, replace(GOOD, customer_phone="+1234567891"))
        return bool(answer["success"]) and self.counts() == (2, 2, 3)

    def leaves_nothing(self, refuses: Callable[[], bool]) -> bool:
        before = self.counts()
        return refuses() and self.counts() == before

    def service_refuses(self, bad: NewLead) -> bool:
        try:
            create_lead(user_id=self.user_id, lead=bad, source=Lead.Source.MANUAL)
        except LeadRefused:
            return True
        return False

    def function_refuses(self, user_id: UUID, bad: NewLead) -> bool:
        return not self.call_function(user_id, bad)["success"]

    def call_function(self, user_id: UUID, lead: NewLead) -> dict[str, Any]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT create_lead_with_conversation(%s, %s, %s, %s, %s, %s, %s)::text",
                [
                    user_id,
                    lead.customer_phone,
                    lead.customer_name,
                    lead.type,
                    lead.details,
                    lead.conversation_status,
                    lead.status,
                ],
            )
            (answer,) = cursor.fetchone() or ("{}",)
            return dict(json.loads(answer))

    def forced_failure(self) -> bool:
        """Two new customers with one external id: the second fails at its lead, after its conversation was inserted.

        PostgreSQL's counter of inserted rows includes those rolled back: it shows that the conversation was inserted.
        """
        lead = replace(GOOD, external_id="verify", customer_phone="+1234567892")
        create_lead(user_id=self.user_id, lead=lead, source=Lead.Source.MANUAL)
        before, written = self.counts(), self.conversations_written()
        refused = self.service_refuses(replace(lead, customer_phone="+1234567893"))
        return refused and self.conversations_written() == written + 1 and self.counts() == before

    def conversations_written(self) -> int:
        return self.number("SELECT pg_stat_get_xact_tuples_inserted('conversations'::regclass)")

    def no_orphan_lead(self) -> bool:
        return not self.number(
            """
            SELECT count(*) FROM leads
            LEFT JOIN conversations ON conversations.id = leads.conversation_id
            LEFT JOIN customers ON customers.id = conversations.customer_id
            WHERE (leads.user_id = conversations.user_id AND leads.user_id = customers.user_id) IS NOT TRUE
            """
        )

    def no_empty_conversation(self) -> bool:
        return not self.number(
            """
            SELECT count(*) FROM conversations
            WHERE NOT EXISTS (SELECT FROM leads WHERE conversation_id = conversations.id)
              AND NOT EXISTS (SELECT FROM messages WHERE conversation_id = conversations.id)
            """
        )

    def number(self, query: str) -> int:
        with connection.cursor() as cursor:
            cursor.execute(query)
            (value,) = cursor.fetchone() or (0,)
            return int(value)
