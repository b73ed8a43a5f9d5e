"""/metrics, in the format of Prometheus. Answered before any other middleware, like the probes."""

import hmac
import ipaddress
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric

from leadsite.core import metrics as counted
from leadsite.core.failures import Source
from leadsite.core.postgresql import replica
from leadsite.core.transactions import RETRIED_SQLSTATES
from leadsite.monitoring import database

OFF: Final = "There is no such page without METRICS_TOKEN. Set it, and send Authorization: Bearer <token>.\n"
REFUSED: Final = "Send Authorization: Bearer <METRICS_TOKEN>.\n"


class _Site:
    """A collector of prometheus_client."""

    def collect(self) -> list[Metric]:
        return [*counted.collect(), *database.read()]


registry: Final = CollectorRegistry()
registry.register(_Site())


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """All metrics, to who has the token. Without a token only the demo answers, to this machine."""
    if settings.METRICS_TOKEN:
        if not _has_token(request):
            return HttpResponse(
                REFUSED, status=401, content_type="text/plain", headers={"WWW-Authenticate": 'Bearer realm="metrics"'}
            )
    elif not (settings.DEMO and _is_local(request)):
        return HttpResponse(OFF, status=404, content_type="text/plain")
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def start_counting() -> None:
    """Show at zero what alerts and dashboards compare over time. For web servers, when they start."""
    sources = Source.values
    counted.start_at_zero(
        [
            *((counted.CREATIONS, (source, outcome)) for source in sources for outcome in ("created", "failed")),
            *((counted.FAILED, (source, "40P01")) for source in sources),
            *((counted.DROPPED, (source,)) for source in sources),
            *((counted.RETRIES, (state,)) for state in sorted(RETRIED_SQLSTATES)),
            *((counted.ROUND_TRIPS, (source,)) for source in ("api",)),
            *((counted.DELIVERY_SECONDS, (provider, "processed")) for provider in ("cloud", "twilio")),
            *((counted.IMPORT_ROWS, (outcome,)) for outcome in ("created", "updated", "skipped", "failed")),
            *((counted.REPLICA_READS, (outcome,)) for outcome in replica.Outcome),
        ]
    )


def _has_token(request: HttpRequest) -> bool:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    given, right = (text.strip().encode(errors="surrogatepass") for text in (token, settings.METRICS_TOKEN))
    return kind.lower() == "bearer" and hmac.compare_digest(given, right)


def _is_local(request: HttpRequest) -> bool:
    """From this machine, and not through a proxy on it."""
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return address.is_loopback and "X-Forwarded-For" not in request.headers
