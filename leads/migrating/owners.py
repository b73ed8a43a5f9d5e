"""Decides which business here each user of the previous system is. No database."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from leads.migrating.staging import OldOwner


class OwnersUnclear(Exception):
    """Whose rows these are is not said, or not clearly; the message says what to do."""


LEAVE_OUT = "-"


def assign_owners(
    found: Sequence[OldOwner], *, only: UUID | None, mapped: Mapping[str, UUID | None], emails: Mapping[str, str]
) -> dict[str, UUID | None]:
    """Return the business of each old user; None for users that are left out.

    `only`: the business of --user. It takes the rows of one old user, and rows without one; of several each has to be
    said in `mapped`, so that the rows of one business never come to another. `emails`: of the old users, to name them.

    Raises OwnersUnclear.
    """
    unknown = [user for user in mapped if user not in {one.id for one in found}]
    if unknown:
        raise OwnersUnclear(f"--user-map: there are no rows of {', '.join(unknown)}. {_listed(found, emails)}")
    open_ones = [one for one in found if one.id and one.id not in mapped]
    if open_ones and (only is None or len(open_ones) > 1 or mapped):
        raise OwnersUnclear(
            f"Say which business each of these users is, by --user-map ID=EMAIL for each ({LEAVE_OUT} instead of the"
            f" e-mail leaves their rows out). {_listed(open_ones, emails)}"
        )
    owned_by = {**mapped, **{one.id: only for one in open_ones}}
    businesses = {business for business in owned_by.values() if business is not None}
    default = only if only is not None else next(iter(businesses)) if len(businesses) == 1 else None
    if default is not None:
        owned_by[""] = default
    return owned_by


def _listed(found: Sequence[OldOwner], emails: Mapping[str, str]) -> str:
    names = [
        f"{one.id or '(no user)'}{f' ({emails[one.id]})' if one.id in emails else ''}:"
        f" {one.conversations} conversations, {one.leads} leads"
        for one in found[:20]
    ]
    more = f"; and {len(found) - 20} more" if len(found) > 20 else ""
    return f"The rows are of {'; '.join(names)}{more}." if names else "There are no conversations and no leads."
