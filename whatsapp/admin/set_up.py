"""The page that connects a number, step by step; ticks appear as things arrive."""

import hashlib
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseNotModified,
    HttpResponseRedirect,
)
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.local_phone import read_typed
from conversations.phone import PhoneInvalid
from leadsite.accounts.business.places import country_of
from leadsite.adminkit.owned import OwnedAdmin
from leadsite.adminkit.workplace import sees_all
from leadsite.languages.texts import shown
from whatsapp.admin.delivery_advice import waiting_for
from whatsapp.models import Channel, WebhookVerification
from whatsapp.outbound.enqueue import MessageContent, Recipient, send_message
from whatsapp.outbound.refusals import MessageRefused
from whatsapp.setting_up.steps import Site, steps_of

TEST_TEXT = _("This is a test message. Everything works.")


class SetUpPages(OwnedAdmin):
    """The part of ChannelAdmin with these pages."""

    def get_urls(self) -> list[URLPattern]:
        def view(name: str, function: Any) -> URLPattern:
            ending = name.replace("_", "-")
            route = "<path:object_id>/set-up/" + ("" if name == "set_up" else f"{ending.removeprefix('set-up-')}/")
            return path(route, self.admin_site.admin_view(function), name=f"whatsapp_channel_{name}")

        pages = [("set_up", self.set_up), ("set_up_steps", self.set_up_steps), ("set_up_test", self.set_up_test)]
        return [*(view(*one) for one in pages), *super().get_urls()]

    def set_up(self, request: HttpRequest, object_id: str) -> HttpResponse:
        channel = self._channel(request, object_id)
        context = self.admin_site.each_context(request) | {
            "title": gettext("Connect %(channel)s") % {"channel": channel},
            "opts": self.opts,
            "channel": channel,
            "original": channel,  # for the header, which leads back
            "steps": steps_of(channel, _site(request)),
            "may_change": self.has_change_permission(request, channel),
            "test_text": TEST_TEXT,
            "waiting": waiting_for(channel) if sees_all(request) else "",  # deliveries are for operators
        }
        return TemplateResponse(request, "whatsapp/set_up.html", context)

    def set_up_steps(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The steps alone; 304 where the browser has them."""
        channel = self._channel(request, object_id)
        steps = steps_of(channel, _site(request))
        text = render_to_string("whatsapp/set_up_steps.html", {"steps": steps, "channel": channel})
        etag = f'"{hashlib.blake2b(text.encode(), digest_size=12).hexdigest()}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if request.headers.get("If-None-Match") == etag:
            return HttpResponseNotModified(headers=headers)
        return HttpResponse(text, headers=headers)

    def set_up_test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send the test message."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        channel = self._channel(request, object_id)
        if not request.user.has_perm("conversations.change_conversation"):
            raise PermissionDenied
        try:
            phone = read_typed(request.POST.get("to", "").replace("\0", ""), country=country_of(channel.user_id))
            send_message(
                user_id=channel.user_id,
                to=Recipient(phone=phone),
                message=MessageContent(content=str(TEST_TEXT), author_id=request.user.pk),
                channel_id=channel.pk,
            )
            messages.success(request, gettext("The test message to %(phone)s is in the queue.") % {"phone": phone})
        except (PhoneInvalid, MessageRefused) as refusal:
            messages.error(request, gettext("Not sent: %(refusal)s") % {"refusal": shown(refusal)})
        return HttpResponseRedirect(reverse("admin:whatsapp_channel_set_up", args=[channel.pk]))

    def _channel(self, request: HttpRequest, object_id: str) -> Channel:
        """Raises Http404, and PermissionDenied."""
        channel = self.get_object(request, unquote(object_id))
        if channel is None:
            raise Http404(gettext("There is no such number."))
        if not self.has_view_or_change_permission(request, channel):
            raise PermissionDenied
        found: Channel = channel
        return found


def _site(request: HttpRequest) -> Site:
    address = reverse("whatsapp-webhook")
    token = settings.WHATSAPP_VERIFY_TOKEN
    may_see = request.user.has_perm("whatsapp.change_channel")
    return Site(
        webhook=f"{settings.PUBLIC_URL}{address}" if settings.PUBLIC_URL else request.build_absolute_uri(address),
        verify_token=token if may_see or not token else gettext("(only owners see it)"),
        has_secrets=bool(settings.WHATSAPP_APP_SECRETS),
        verifications=WebhookVerification.objects.times(),
    )
