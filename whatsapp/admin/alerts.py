"""Problems with sending, one line each, for the admin's index page and the menu."""

from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from conversations.models import IS_UNDECIDED, Message
from leadsite.adminkit.alerts import SHOWN, Alert, as_number, counted, foreign_line
from leadsite.adminkit.values import moment, shorten
from leadsite.adminkit.workplace import mine
from leadsite.core import clock
from leadsite.languages.texts import shown
from whatsapp.models import AccountEvent, Channel


def alerts_for(request: HttpRequest) -> list[Alert]:
    """Return the alerts of the user's business; for a superuser, of all."""
    user = request.user
    if not (user.is_superuser or user.has_perm("conversations.view_message")):
        return []
    own = mine(request)
    stopped = Channel.objects.filter(active=True, **own).exclude(stopped_at=None).order_by("stopped_at")
    alerts = [_stopped(channel, request) for channel in stopped[:SHOWN]]
    problems = AccountEvent.objects.open_problems(clock.now()).filter(**own).order_by("-at")
    alerts += [_problem(event, request) for event in problems[:SHOWN]]
    ours = Message.objects.visible().filter(direction=Message.Direction.OUT, **own)
    if count := counted(ours.filter(IS_UNDECIDED)):
        words = ngettext(
            "{} message: it is not known whether it arrived. Open and decide.",
            "{} messages: it is not known whether they arrived. Open and decide.",
            as_number(count),
        )
        text = format_html(words, count)
        alerts.append(Alert(text, reverse("admin:conversations_message_changelist", query={"delivery": "unknown"})))
    number = Channel.objects.filter(pk=OuterRef("channel_id"), user_id=OuterRef("user_id"), active=True)
    if count := counted(ours.filter(~Exists(number), status=Message.Status.QUEUED)):
        words = ngettext(
            "{} message waits: no WhatsApp number is connected, or it is switched off.",
            "{} messages wait: no WhatsApp number is connected, or it is switched off.",
            as_number(count),
        )
        alerts.append(Alert(format_html(words, count)))
    return alerts


def describe_stop(channel: Channel) -> SafeString:
    """Describe a stopped number, without its name: "It was stopped on 24 Nov, 12:04. 190: …"."""
    waiting = Message.objects.filter(channel_id=channel.pk, user_id=channel.user_id, status=Message.Status.QUEUED)
    count = counted(waiting)
    words = ngettext("%(count)s message waits.", "%(count)s messages wait.", as_number(count))
    waits = words % {"count": count} if count else ""
    stopped = format_html(gettext("It was stopped on {}."), moment(channel.stopped_at))
    return format_html("{} {} {}", stopped, foreign_line(shown(channel.stop_reason)), waits)


def stopped_badge(request: HttpRequest) -> str:
    """The number of stopped WhatsApp numbers for the menu; "" for none."""
    return counted(Channel.objects.filter(active=True, **mine(request)).exclude(stopped_at=None))


def _named(number: str) -> SafeString:
    return format_html(gettext("WhatsApp number {}"), foreign_line(number))


def _stopped(channel: Channel, request: HttpRequest) -> Alert:
    text = format_html("{}: {}", _named(str(channel)), describe_stop(channel))
    may_open = request.user.has_perm("whatsapp.view_channel") or request.user.has_perm("whatsapp.change_channel")
    return Alert(text, reverse("admin:whatsapp_channel_change", args=[channel.pk]) if may_open else "")


def _problem(event: AccountEvent, request: HttpRequest) -> Alert:
    """A problem that Meta reports about a number or its account: banned, restricted, low quality, a paused template."""
    channel = Channel.objects.filter(pk=event.channel_id, user_id=event.user_id).first() if event.channel_id else None
    number = str(channel) if channel else event.number
    about = _named(number) if number else gettext("WhatsApp Business account")
    text = format_html("{}, {}: {}", about, moment(event.at), foreign_line(shorten(shown(event.text), 300)))
    may_open = request.user.has_perm("whatsapp.view_accountevent")
    return Alert(text, reverse("admin:whatsapp_accountevent_change", args=[event.pk]) if may_open else "")
