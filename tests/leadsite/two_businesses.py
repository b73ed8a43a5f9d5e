"""Two businesses with a row of everything: what one must never see of the other, and a digest of all that it has."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Permission
from django.db.models import Model
from django.test import Client

from conversations.models import Customer
from leads.models import Lead
from leadsite.accounts.models import Person, User
from leadsite.accounts.people.models import Role
from tests.factories import Business
from tests.leadsite.full_business import with_rows
from tests.staff import Staff, member_of, operator, registered, staff_of

OWN, SECRET = "owner-1482", "stranger-7391"
Digest = dict[str, list[Any]]


def owned(model: type[Model]) -> str:
    """The lookup from a row of this model to its business; "" if the rows have none."""
    if model in (User, Person):
        return "pk"
    related = {field.name: field.related_model for field in model._meta.concrete_fields if field.many_to_one}
    for name in ("user", "business"):
        if related.get(name) is User:
            return name
    through = [name for name, other in related.items() if isinstance(other, type) and _has_user(other)]
    return f"{through[0]}__user" if through else ""


def _has_user(model: type[Model]) -> bool:
    return any(field.name == "user" and field.related_model is User for field in model._meta.concrete_fields)


def digest(business: Business) -> Digest:
    """All rows of the business, in all tables."""
    return {
        model._meta.label: list(model._base_manager.filter(**{lookup: business.id}).order_by("pk").values())
        for model in apps.get_models()
        if model._meta.managed and not model._meta.proxy and (lookup := owned(model))
    }


@dataclass(frozen=True)
class Rows:
    """A row of each model that the admin shows; of models whose rows have no business, the last one."""

    business: Business
    of: dict[type[Model], Any]
    markers: tuple[str, ...]

    def shown_in(self, text: str, *, asked: Iterable[str] = ()) -> list[str]:
        """What of this business a text contains, apart from what the request contained."""
        for words in asked:
            text = text.replace(words, "")
        return [marker for marker in self.markers if marker in text]


def text_of(answer: Any) -> str:
    """All that an answer says: its headers, and its content, also of a download."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return f"{dict(answer.headers)} {content.decode(errors='replace')}"


def newest_rows(business: Business) -> dict[type[Model], Any]:
    """A row of each model that the admin shows, after with_rows."""
    of = {
        model: model._default_manager.filter(**({owned(model): business.id} if owned(model) else {})).latest("pk")
        for model in registered()
    }
    # The newest customer has nothing but a deleted lead, and so no page.
    of[Customer] = Lead.objects.get(pk=of[Lead].pk).conversation.customer
    return of


def rows_of(business: Business, text: str) -> Rows:
    with_rows(business, text)
    of = newest_rows(business)
    keys = {str(row["id"]) for rows in digest(business).values() for row in rows if len(str(row.get("id", ""))) > 30}
    phones = {customer.phone_key for customer in Customer.objects.filter(user=business.user)} - {None}
    return Rows(business, of, (text, business.user.email, *map(str, phones), *keys))


# Of somebody who only reads leads.
READS_LEADS = ("view_lead", "view_customer")


def person(kind: str, business: Business) -> Any:
    """Return the client of the business's own login, of somebody with a role in it, of an operator, or of nobody."""
    if kind == "nobody":
        return Client()
    if kind == "operator":
        return operator().client
    if kind in Role.values:
        return member_of(business, kind).client
    user = staff_of(business)
    if kind == "staff":
        return user.client
    # No group, and then no permission, few, or every one that there is.
    row = User.objects.get(pk=business.id)
    row.groups.clear()
    if kind == "all permissions":
        row.user_permissions.set(Permission.objects.all())
    if kind == "few permissions":
        row.user_permissions.set(Permission.objects.filter(codename__in=READS_LEADS))
    return Staff(row).client
