"""Explains the state of a delivery to operators, and which of its numbers are not connected."""

from typing import Final

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from leadsite.adminkit.values import NOTHING, foreign, link, moment
from leadsite.core import clock
from leadsite.languages.texts import shown
from whatsapp.models import Channel, WebhookDelivery

NUMBERS_SHOWN: Final = 20

State = WebhookDelivery.State


def meaning(delivery: WebhookDelivery) -> SafeString:
    """What the state means and what to do next."""
    if delivery.state == State.PROCESSED:
        if delivery.error:
            return SafeString(
                gettext(
                    "Its content is in the conversations. The notes below list what was left out."
                    " Replaying it stores nothing twice."
                )
            )
        return SafeString(gettext("Its content is in the conversations. Replaying it stores nothing twice."))
    if delivery.state == State.UNROUTED:
        return SafeString(
            gettext(
                "Its content for the numbers below is stored only here, not in a conversation. Connect them,"
                " then replay."
            )
        )
    if delivery.next_attempt_at:
        return _tried_again(delivery)
    if _is_unreadable(delivery):
        return SafeString(
            gettext(
                "Replaying will not help: the parts named below could not be read. What could be read is in the"
                " conversations. The body is stored for a later version that can read them."
            )
        )
    return SafeString(
        gettext(
            "Not all of it is in the conversations, and it will not be tried again automatically. Fix the cause"
            " named in the notes, then replay."
        )
    )


def replay_may_help(delivery: WebhookDelivery) -> bool:
    return delivery.state != State.PROCESSED and not _is_unreadable(delivery)


def _is_unreadable(delivery: WebhookDelivery) -> bool:
    """Whether it failed at once and will not be tried again: see ingest.receive."""
    return delivery.state == State.FAILED and not delivery.next_attempt_at and delivery.attempts == 1


def _tried_again(delivery: WebhookDelivery) -> SafeString:
    time = moment(delivery.next_attempt_at)
    if delivery.next_attempt_at and delivery.next_attempt_at < clock.now():
        due = gettext(
            "Not all of it is in the conversations yet. The next attempt has been due since {}: is the worker running"
            " (manage.py worker)? Replay to try it now."
        )
        return format_html(due, time)
    later = gettext(
        "Not all of it is in the conversations yet. It will be tried again automatically at {}; replay to try it now."
    )
    return format_html(later, time)


def notes(delivery: WebhookDelivery) -> str:
    """Return the error without lines about numbers that are not connected, which the page lists separately."""
    numbers = tuple(f": {number}" for number in delivery.unrouted)
    return "\n".join(shown(line) for line in delivery.error.splitlines() if not (numbers and line.endswith(numbers)))


def unconnected(delivery: WebhookDelivery) -> SafeString:
    """List the numbers that are not connected, each with the next step."""
    first = delivery.unrouted[:NUMBERS_SHOWN]
    if not first:
        return NOTHING
    channels = {row.phone_number_id: row for row in Channel.objects.filter(phone_number_id__in=first)}
    lines = [(foreign(number), _next_step(number, delivery, channels.get(number))) for number in first]
    rest = len(delivery.unrouted) - len(first)
    more = ngettext("and %(count)s more", "and %(count)s more", rest) % {"count": rest} if rest else ""
    return format_html("{}{}", format_html_join("", '<p class="mb-2">{}{}</p>', lines), more)


def _next_step(number: str, delivery: WebhookDelivery, channel: Channel | None) -> SafeString:
    if channel is None:
        initial = {"phone_number_id": number, "provider": delivery.provider}
        add = reverse("admin:whatsapp_channel_add", query=initial)
        return format_html(
            gettext('<a class="text-link" href="{}">Add a WhatsApp number with this id</a>, then replay.'), add
        )
    if not channel.active:
        return format_html(gettext("{} is switched off. Make it active, then replay."), link(channel))
    return format_html(gettext("{} is connected now: replay."), link(channel))


def waiting_for(channel: Channel) -> SafeString:
    """A link to the deliveries for this number that arrived while it was not connected."""
    rows = WebhookDelivery.objects.filter(state=State.UNROUTED, unrouted__contains=[channel.phone_number_id])
    if not rows.exists():
        return SafeString(gettext("None"))
    address = reverse("admin:whatsapp_webhookdelivery_changelist", query={"q": channel.phone_number_id})
    return format_html('<a class="text-link" href="{}">{}</a>', address, gettext("Show them, and replay"))
