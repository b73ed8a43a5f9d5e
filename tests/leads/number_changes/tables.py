"""Tables of customers and moves in memory, which a plan is written to as the service writes it to the database."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from conversations.incoming import MoveReport
from conversations.models import MoveRow
from leads.number_changes.book import KnownCustomer, NumberChanges
from leads.number_changes.plan import plan_moves


class Tables:
    def __init__(self, customers: Iterable[KnownCustomer]) -> None:
        self.customers = {one.id: one for one in customers}
        self.moves: dict[tuple[UUID, str, datetime], MoveRow] = {}

    def apply(self, *moves: MoveReport) -> NumberChanges:
        changes = plan_moves(moves, self.customers.values(), self.moves.values())
        for source_id, target_id in changes.merges:
            source = self.customers.pop(source_id)
            self.customers[target_id] = self.customers[target_id].with_all_of(source)
        for rows in changes.rows:
            # As the database checks it, row by row in any order: nobody may get what another has before the statement.
            before = {**self.identifiers()}
            for row in rows.values():
                changed = replace(
                    self.customers[row.id],
                    phone=row.phone,
                    whatsapp_user_id=row.whatsapp_user_id,
                    identified_at=row.identified_at,
                )
                assert {before.get(one, row.id) for one in identifiers(changed)} <= {row.id}
                self.customers[row.id] = changed
        for key in changes.removed:
            self.moves.pop(key, None)
        for row_key, move in changes.recorded.items():
            known = self.moves.get(row_key, move)
            self.moves[row_key] = move._replace(
                phone=known.phone or move.phone, whatsapp_user_id=known.whatsapp_user_id or move.whatsapp_user_id
            )
        self.identifiers()
        return changes

    def identifiers(self) -> dict[tuple[UUID, str], UUID]:
        """Who has each identifier; fails where two have one, or one has none."""
        found: dict[tuple[UUID, str], UUID] = {}
        for customer in self.customers.values():
            its = identifiers(customer)
            assert its
            assert not found.keys() & its
            found |= dict.fromkeys(its, customer.id)
        return found


def identifiers(customer: KnownCustomer) -> set[tuple[UUID, str]]:
    return {(customer.user_id, one) for one in (customer.phone_key, customer.whatsapp_user_id) if one}
