"""The business of a request: the one place that says whose rows a page of the admin shows and changes.

Each person works for one business at a time (leadsite/accounts/people/workplaces.py chooses it); operators, who are
superusers, see the rows of all. API requests have a key, which belongs to a business: leadsite/rest/viewsets.py.
"""

from typing import Any, TypeVar, cast
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import HttpRequest

Row = TypeVar("Row", bound=Model)


def sees_all(request: HttpRequest) -> bool:
    """Whether the person is an operator of this site."""
    return bool(request.user.is_active and request.user.is_superuser)


def business_of(request: HttpRequest) -> UUID | None:
    """Return the id of the business that the person works for now; None where there is none.

    An operator has one only as a member of it; otherwise the operator chooses the business of each new row.
    """
    return cast("UUID | None", getattr(request.user, "business_id", None))


def reader_of(request: HttpRequest) -> UUID:
    """Return whose writes a list must have, and for whom those of the request are noted: Note [Replica]. The business,
    or the operator who works for none. Reads the person, the session and the memberships.
    """
    return business_of(request) or cast(UUID, request.user.pk)


def role_of(request: HttpRequest) -> str:
    """Return what the person is in that business: owner, agent or viewer; "" where there is none."""
    return str(getattr(request.user, "role", ""))


def rows_of_business(request: HttpRequest, rows: QuerySet[Row], business: str = "user") -> QuerySet[Row]:
    """Return those rows that the person of the request may see. `business`: the way from a row to its business."""
    return rows if sees_all(request) else rows.filter(**mine(request, business))


def mine(request: HttpRequest, business: str = "user") -> dict[str, Any]:
    """The condition of `rows_of_business`, for a filter with others; empty for operators."""
    return {} if sees_all(request) else {f"{business}_id": business_of(request) or _NONE}


# No row has this id; comparing with NULL is refused by Django's filter.
_NONE = UUID(int=0)
