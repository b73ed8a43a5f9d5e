"""Helpers that create rows through the services."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import factory
from django.contrib.auth.hashers import make_password
from django.db import connection
from knox.models import get_digest_token
from knox.settings import CONSTANTS
from rest_framework.test import APIClient

from conversations.models import Conversation, Customer
from leads.models import Lead
from leads.services.create import CreatedLead, create_lead
from leads.services.rules import NewLead
from leadsite.accounts.models import ApiKey, User
from leadsite.accounts.services import NewBusiness

ORDER = {
    "customer_phone": "+1234567890",
    "customer_name": "John Doe",
    "type": "order",
    "details": "Customer wants to place an order",
}


class NewLeadFactory(factory.Factory[NewLead]):
    """A lead of a new customer."""

    class Meta:
        model = NewLead

    customer_phone = factory.Sequence(lambda n: f"+4915{n:09d}")
    customer_name = factory.Sequence(lambda n: f"Customer {n}")
    type = Lead.Type.ORDER
    details = "Wants a cake"


def new_lead(**fields: Any) -> NewLead:
    return cast(NewLead, NewLeadFactory(**fields))


def make_business(*, email: str, name: str) -> "Business":
    """The rows of create_business, in two statements instead of ten: most tests begin with them."""
    user = User(email=email, password=make_password(None), business_name=name)
    user.save(force_insert=True)
    return Business(NewBusiness(user=user, api_key=add_key(user)))


def add_key(user: User) -> str:
    """An API key like the one that create_business issues."""
    key = ApiKey(user=user, name="create_business")
    key.digest, text = get_digest_token()
    key.token_key = text[: CONSTANTS.TOKEN_KEY_LENGTH]
    key.save(force_insert=True)
    return str(text)


@dataclass(frozen=True)
class Business:
    """A business with its API key, and the entry points that its programs use."""

    created: NewBusiness

    @property
    def user(self) -> User:
        return self.created.user

    @property
    def id(self) -> UUID:
        return self.created.user.pk

    @property
    def api_key(self) -> str:
        return self.created.api_key

    @property
    def client(self) -> APIClient:
        client = APIClient(raise_request_exception=False)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {self.api_key}")
        return client

    def post_lead(self, body: Any = None, **fields: Any) -> Any:
        """POST /api/leads with ORDER, in which `fields` are replaced, or with another body."""
        return self.client.post("/api/leads", ORDER | fields if body is None else body, format="json")

    def has_lead(self, *, source: str = Lead.Source.MANUAL, **fields: Any) -> CreatedLead:
        return create_lead(user_id=self.id, lead=new_lead(**fields), source=source)

    def call_function(self, *arguments: Any) -> dict[str, Any]:
        """create_lead_with_conversation for this business, as a SQL client calls it."""
        return call("create_lead_with_conversation", self.id, *arguments)

    def call_batch_function(self, leads: Sequence[Any] | Any, *, all_or_nothing: bool = True) -> dict[str, Any]:
        return call("create_leads_with_conversations", self.id, json.dumps(leads), all_or_nothing)

    def row_counts(self) -> tuple[int, int, int]:
        """How many customers, conversations and leads the business has."""
        return (
            Customer.objects.filter(user=self.user).count(),
            Conversation.objects.filter(user=self.user).count(),
            Lead.objects.filter(user=self.user).count(),
        )


NOTHING = (0, 0, 0)


def call(function: str, *arguments: Any) -> dict[str, Any]:
    """Call a SQL function that returns json."""
    placeholders = ", ".join(["%s"] * len(arguments))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}({placeholders})::text", arguments)
        (answer,) = cursor.fetchone() or ("{}",)
        return dict(json.loads(answer))
