"""Which parts of deliveries belong to a business. A delivery has no owner: it may have messages of several."""

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows
from whatsapp.models import Channel

# One look-up for each business: the index of ids leads with whose they are. OFFSET 0 keeps it one.
_OWNERS: Final = """
    SELECT found.provider_id, u.id FROM users AS u CROSS JOIN LATERAL (
        SELECT m.provider_id FROM messages AS m
        WHERE m.user_id = u.id AND m.provider_id = ANY (%s::text[]) OFFSET 0) AS found
"""


@dataclass(slots=True)
class Owners:
    """The businesses that have messages, by the ids of these; an id is looked up once."""

    asked: set[str] = field(default_factory=set)
    found: defaultdict[str, set[UUID]] = field(default_factory=lambda: defaultdict(set))

    def look_up(self, ids: frozenset[str]) -> None:
        """One statement, if some of the ids are new. Raises django.db.Error."""
        if new := ids - self.asked:
            for provider_id, user_id in fetch_rows(_OWNERS, [array(sorted(new))]):
                self.found[provider_id].add(user_id)
            self.asked |= new


@dataclass(frozen=True, slots=True)
class OwnNumbers:
    """The numbers of a business. A number may have moved to it from another one, which keeps what came before."""

    user_id: UUID
    numbers: frozenset[str]
    owners: Owners

    @classmethod
    def of(cls, user_id: UUID) -> "OwnNumbers":
        """Raises django.db.Error."""
        return cls.of_each([user_id])[user_id]

    @classmethod
    def of_each(cls, user_ids: Collection[UUID]) -> "dict[UUID, OwnNumbers]":
        """The same for several businesses, in one statement. They look up the ids of a body once for all of them."""
        numbers: dict[UUID, set[str]] = {user_id: set() for user_id in user_ids}
        channels = Channel.objects.filter(user_id__in=user_ids)
        for user_id, number in channels.values_list("user_id", "phone_number_id"):
            numbers[user_id].add(number)
        owners = Owners()
        return {user_id: cls(user_id, frozenset(own), owners) for user_id, own in numbers.items()}

    def among(self, ids: frozenset[str]) -> Callable[[str, frozenset[str]], bool]:
        """Return what tells whether a part of a body is this business's, by the number that it came through and the
        messages that it names. `ids`: those that the whole body names; they are looked up when it is first asked about
        one of the business's numbers. It raises django.db.Error.
        """

        def is_own(number: str, named: frozenset[str]) -> bool:
            if number not in self.numbers:
                return False
            self.owners.look_up(ids)
            return not any(self.owners.found.get(one, set()) - {self.user_id} for one in named)

        return is_own
