"""What is asked before an action on leads is done: why they were lost, and whether all that match are meant."""

from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext

from conversations.admin.customer_rows import SearchPaginator
from leads.admin.bulk_progress import counted
from leads.bulk import changes
from leads.models import LOST_REASON_MAX_LENGTH, Lead
from leadsite.accounts.people.shown_for import FIELD
from leadsite.adminkit.paginator import COUNT_LIMIT
from leadsite.core.postgresql.patience import limit_waiting
from leadsite.core.transactions import custom_plans

_CONFIRMED: Final = "confirmed"
_REASON: Final = "lost_reason"
# The form that asks has its own.
_OWN_FIELDS: Final = ("csrfmiddlewaretoken", FIELD)


def read_reason(request: HttpRequest) -> str:
    """Return why the leads were lost; "" where that is not said, or too long for a lead."""
    reason = request.POST.get(_REASON, "").replace("\0", "").strip()
    return reason if len(reason) <= LOST_REASON_MAX_LENGTH else ""


def number_not_shown(request: HttpRequest, leads: QuerySet[Lead]) -> int | None:
    """The number of all leads that match, where the list showed the limit of its count instead."""
    if request.POST.get("select_across") != "1" or _CONFIRMED in request.POST:
        return None
    # As long as the choice of the leads may take.
    seconds = changes.CHOOSING_SECONDS
    with limit_waiting(seconds), custom_plans(statement_timeout=f"{seconds}s"):
        number = leads.order_by().count()
    # A search is counted to fewer.
    limit = SearchPaginator.limit if hasattr(request, "found_pages") else COUNT_LIMIT
    return number if number > limit else None


def ask(
    request: HttpRequest, action_name: str, *, number: int | None = None, asks_reason: bool = False
) -> HttpResponse:
    """Show the number of leads, or ask for the reason, and a button that sends the same form again."""
    left_out = (*_OWN_FIELDS, _REASON) if asks_reason else _OWN_FIELDS
    posted = [(name, value) for name, values in request.POST.lists() for value in values if name not in left_out]
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": action_name if asks_reason else gettext("All that match"),
        "opts": Lead._meta,
        "action_name": action_name,
        "back": request.get_full_path(),
    }
    if asks_reason:
        context |= {"posted": posted, "asks_reason": True, "max_length": LOST_REASON_MAX_LENGTH}
    elif number is not None:
        context |= {"posted": [*posted, (_CONFIRMED, "1")], "counted": counted(number)}
    return TemplateResponse(request, "leads/bulk_confirm.html", context)
