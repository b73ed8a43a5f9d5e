"""Microseconds of authentication, permission and rate limit of an API request, with their database queries.

Run by bench.creates; BENCH_API_KEY is a key of the benchmark's database.
"""

import os
import statistics
import time
from collections.abc import Callable
from typing import Any, Final, cast

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadsite.settings")
django.setup()

# ruff: noqa: E402 - Django's models can be imported only after setup()
from django.conf import settings
from django.test import RequestFactory
from rest_framework.request import Request

from conversations.models import Conversation
from leads.api.viewsets import LeadViewSet
from leads.models import Lead
from leads.services.create import OPEN_LEADS_LIMIT, create_lead
from leads.services.rules import NewLead
from leadsite.accounts.authentication import ApiKeyAuthentication, HasScope
from leadsite.accounts.limits import RequestRate

TIMES: Final = 2_000


def main() -> None:
    token = os.environ["BENCH_API_KEY"]
    user, auth = ApiKeyAuthentication().authenticate_credentials(token.encode())
    request = Request(RequestFactory().post("/api/leads"))
    request.user, request.auth = user, auth
    lead = NewLead(customer_phone="+4915123456789", customer_name="John Doe", type="order")
    created = create_lead(user_id=user.pk, lead=lead, source=Lead.Source.API)
    Lead.objects.filter(pk=created.lead_id).update(status="lost", lost_reason="a benchmark's")
    customer_id = Conversation.objects.values_list("customer_id", flat=True).get(pk=created.conversation_id)
    parts: dict[str, Callable[[], Any]] = {
        "key": lambda: ApiKeyAuthentication().authenticate_credentials(token.encode()),
        "scope": lambda: HasScope().has_permission(request, LeadViewSet()),
        "limit, 6000 a minute": lambda: RequestRate().allow_request(request, LeadViewSet()),
        "open leads of a customer, asked alone": lambda: Lead.objects.open_of(customer_id, limit=OPEN_LEADS_LIMIT),
    }
    costs = ", ".join(f"{name} {cost(part):.0f} µs" for name, part in parts.items())
    print(f"Of a request's time, waiting for the database included: {costs}.")


def cost(part: Callable[[], Any]) -> float:
    """Return the mean microseconds of one call; of several rounds the median."""
    cast(Any, settings).API_REQUESTS_PER_MINUTE = 6000
    rounds = []
    for _ in range(10):
        started = time.perf_counter()
        for _ in range(TIMES // 10):
            part()
        rounds.append((time.perf_counter() - started) / (TIMES // 10) * 1e6)
    return statistics.median(rounds)


if __name__ == "__main__":
    main()
