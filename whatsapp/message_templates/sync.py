"""Service that reads the templates of businesses from Meta (GET /<version>/<account>/message_templates) and stores
them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from leadsite.core import clock
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import retried
from whatsapp.json_parts import error_text, object_of, objects_of, text_of
from whatsapp.json_repair import NotJson, parse
from whatsapp.models import Channel, ListedTemplate, MessageTemplate
from whatsapp.models.templates import TEMPLATE_NAME_MAX_LENGTH, WORD_MAX_LENGTH
from whatsapp.outbound.outcomes import REASON_MAX_LENGTH, NotSent, Uncertain
from whatsapp.outbound.providers import CONSOLE, NoToken, token_of
from whatsapp.outbound.providers.cloud import Bearer
from whatsapp.outbound.providers.http import Request, get

log = structlog.get_logger(__name__)

PAGE_LENGTH: Final = 100
# An account has at most 6000 templates (Meta, "Template limits"): a list that goes on is wrong.
MAX_PAGES: Final = 100
# Held until the transaction ends.
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('templates of ' || %s || ' ' || %s, 0))::text"
_FIELDS: Final = "id,name,language,category,status,components"


class NotListed(Exception):
    """Meta did not give the list. The message says why, without the token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synchronised:
    """The result for one account of one business. `error` is "" where its templates were stored."""

    user_id: UUID
    waba_id: str
    templates: int = 0
    error: str = ""


def sync_templates(
    *, user_id: UUID | None = None, should_stop: Callable[[], bool] = lambda: False
) -> list[Synchronised]:
    """Read and store the templates of every account of every business, or of one business. Those read longest ago are
    the first, so that all have their turn where `should_stop` ends it, which is asked before each.

    Accounts are those of active numbers at Meta whose account id is known. An account that fails keeps its stored
    templates and does not stop the others. With the console as provider nothing is read. Opens a transaction for each
    account, after its list was read. Raises django.db.Error.
    """
    if settings.WHATSAPP_BACKEND == CONSOLE:
        return []
    return [_sync(channel) for channel in takewhile(lambda _: not should_stop(), _accounts(user_id))]


def _accounts(user_id: UUID | None) -> list[Channel]:
    """Return one number of each account, by preference one that is not stopped: its token is used."""
    active = Channel.objects.filter(active=True, provider=Channel.Provider.CLOUD).exclude(waba_id="")
    if user_id is not None:
        active = active.filter(user_id=user_id)
    chosen: dict[tuple[UUID, str], Channel] = {}
    for channel in sorted(active.order_by("pk"), key=lambda one: one.stopped_at is not None):
        chosen.setdefault((channel.user_id, channel.waba_id), channel)
    return sorted(chosen.values(), key=lambda one: (one.templates_read_at is not None, one.templates_read_at))


def _sync(channel: Channel) -> Synchronised:
    listed_at = clock.now()
    try:
        templates = list_templates(channel)
    except NotListed as error:
        # A token without the permission is common: messages are sent all the same.
        log.warning("templates_not_listed", channel_id=str(channel.pk), error=str(error))
        _note(channel, listed_at, str(error)[:REASON_MAX_LENGTH])
        return Synchronised(user_id=channel.user_id, waba_id=channel.waba_id, error=str(error))
    _store(channel, templates, listed_at)
    log.info("templates_synchronised", channel_id=str(channel.pk), templates=len(templates))
    return Synchronised(user_id=channel.user_id, waba_id=channel.waba_id, templates=len(templates))


def _note(channel: Channel, listed_at: datetime, error: str) -> None:
    """Keep when the account was read and what was wrong, for who misses a template; what was read later stays. One
    statement: its own transaction unless the caller holds one.
    """
    known = Channel.objects.filter(pk=channel.pk).exclude(templates_read_at__gt=listed_at)
    known.update(templates_read_at=listed_at, templates_error=error)


@retried
def _store(channel: Channel, templates: list[ListedTemplate], listed_at: datetime) -> None:
    """Store the list of an account, unless a later one is stored."""
    account = MessageTemplate.objects.filter(user_id=channel.user_id, waba_id=channel.waba_id)
    listed = {(one.name, one.language) for one in templates}
    with transaction.atomic():
        # Two synchronisations at the same moment: one waits for the other, and the list that was asked for last counts,
        # whichever is stored first. An older one would delete what the other has that is new.
        fetch_rows(_LOCK, [str(channel.user_id), channel.waba_id])
        numbers = Channel.objects.filter(user_id=channel.user_id, waba_id=channel.waba_id, templates_error="")
        if numbers.filter(templates_read_at__gt=listed_at).exists():
            return
        MessageTemplate.objects.store(
            user_id=channel.user_id, waba_id=channel.waba_id, templates=templates, listed_at=listed_at
        )
        gone = [
            pk for pk, name, language in account.values_list("pk", "name", "language") if (name, language) not in listed
        ]
        account.filter(pk__in=gone).delete()
        _note(channel, listed_at, "")


def list_templates(channel: Channel) -> list[ListedTemplate]:
    """Return all templates of a number's account. Raises NotListed."""
    found: dict[tuple[str, str], ListedTemplate] = {}
    for item in _items(channel):
        if (template := _template(item)) is not None:
            found[template.name, template.language] = template
    return list(found.values())


def _items(channel: Channel) -> Iterator[dict[str, Any]]:
    """Yield the items of all pages. Only the cursor of `paging` is used: a URL from a response never gets the token."""
    after = ""
    for _ in range(MAX_PAGES):
        page = _page(channel, after)
        yield from objects_of(page.get("data"))
        paging = object_of(page.get("paging"))
        after = text_of(object_of(paging.get("cursors")).get("after"))
        if not after or not paging.get("next"):
            return
    raise NotListed(f"The list has more than {MAX_PAGES} pages.")


def _page(channel: Channel, after: str) -> dict[str, Any]:
    query = {"fields": _FIELDS, "limit": str(PAGE_LENGTH)} | ({"after": after} if after else {})
    account = quote(channel.waba_id, safe="")
    url = f"{settings.WHATSAPP_API_BASE_URL}/{settings.WHATSAPP_API_VERSION}/{account}/message_templates"
    try:
        token = token_of(channel.encrypted_access_token)
        answer = get(Request(f"{url}?{urlencode(query)}", auth=Bearer(token)))
        tree, _ = parse(answer.body)
    except (NoToken, NotSent, Uncertain) as error:
        raise NotListed(str(error)) from error
    except NotJson as error:
        raise NotListed("The answer is not JSON.") from error
    page = object_of(tree)
    if answer.status != 200 or not isinstance(page.get("data"), list):
        reason = error_text(object_of(page.get("error"))) or "no list"
        raise NotListed(f"Meta answered {answer.status}: {reason}")
    return page


def _template(item: dict[str, Any]) -> ListedTemplate | None:
    """Return an item of the list; None where it has no name or language, or one that cannot be stored."""
    name, language = text_of(item.get("name")), text_of(item.get("language"))
    if not 0 < len(name) <= TEMPLATE_NAME_MAX_LENGTH or not 0 < len(language) <= WORD_MAX_LENGTH:
        return None
    return ListedTemplate(
        name=name,
        language=language,
        provider_id=text_of(item.get("id"))[:WORD_MAX_LENGTH],
        category=text_of(item.get("category")).lower()[:WORD_MAX_LENGTH],
        status=text_of(item.get("status")).lower()[:WORD_MAX_LENGTH],
        components=objects_of(item.get("components")),
    )
