"""Which parts of deliveries belong to a business. A delivery has no owner: it may have messages of several."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows
from whatsapp.models import Channel

# One look-up for each business: the index of ids leads with whose they are.
_OTHERS: Final = """
    SELECT EXISTS (
        SELECT FROM users AS u CROSS JOIN LATERAL (
            SELECT FROM messages AS m WHERE m.user_id = u.id AND m.provider_id = ANY (%s::text[]) LIMIT 1) AS found
        WHERE u.id <> %s)
"""


@dataclass(frozen=True, slots=True)
class OwnNumbers:
    """The numbers of a business. A number may have moved to it from another one, which keeps what came before."""

    user_id: UUID
    numbers: frozenset[str]

    @classmethod
    def of(cls, user_id: UUID) -> "OwnNumbers":
        """Raises django.db.Error."""
        numbers = Channel.objects.filter(user_id=user_id).values_list("phone_number_id", flat=True)
        return cls(user_id, frozenset(numbers))

    def have(self, number: str, ids: frozenset[str]) -> bool:
        """Whether what names these messages and came through the number is this business's. One statement where the
        number is. Raises django.db.Error.
        """
        if number not in self.numbers:
            return False
        ((is_of_others,),) = fetch_rows(_OTHERS, [array(sorted(ids)), self.user_id])
        return not is_of_others
