"""The steps that connect a number, each with what to click and whether it has arrived. Pure functions, no database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext

from leadsite.languages.texts import shown
from whatsapp.models import Channel
from whatsapp.models.verifications import REFUSED, VERIFIED

# As in docs/whatsapp.md. While Meta's own agent answers, the customers' messages come by `standby` only.
FIELDS: Final = (
    *("messages", "calls", "user_preferences", "standby", "smb_message_echoes", "history"),
    *("account_update", "account_alerts", "account_review_update", "business_capability_update"),
    *("phone_number_quality_update", "phone_number_name_update"),
    *("message_template_status_update", "message_template_quality_update", "message_template_components_update"),
    *("template_category_update", "security"),
)


@dataclass(frozen=True, slots=True)
class Site:
    """What of the site the steps depend on. `webhook`: the address as the provider has to call it."""

    webhook: str
    verify_token: str
    has_secrets: bool  # WHATSAPP_APP_SECRETS
    verifications: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class Step:
    """`done_at`: when it arrived; `is_done` also where that is not a moment. `problem`: what went wrong last.

    `copies`: what to copy, by its label.
    """

    name: str
    title: str
    todo: str
    is_done: bool
    done_at: datetime | None = None
    problem: str = ""
    copies: tuple[tuple[str, str], ...] = ()


def steps_of(channel: Channel, site: Site) -> list[Step]:
    """Return the steps of a number in the order in which they are done."""
    twilio = channel.provider == Channel.Provider.TWILIO
    first = [_address_at_twilio(channel, site)] if twilio else [_address_at_meta(channel, site), _fields(channel)]
    # Twilio signs with the token that it is sent with, so that it is stored in one step.
    secrets = [_secret(channel, site)] if twilio else [_secret(channel, site), _token(channel)]
    return [*first, *secrets, _delivery(channel), _inbound(channel), *_outbound(channel)]


def _address_at_meta(channel: Channel, site: Site) -> Step:
    verified, refused = site.verifications.get(VERIFIED), site.verifications.get(REFUSED)
    problem = ""
    if not site.verify_token:
        problem = gettext("This site has no verify token: the operator sets WHATSAPP_VERIFY_TOKEN and restarts.")
    elif refused and (verified is None or refused > verified) and channel.first_delivery_at is None:
        problem = gettext("A verification came with another token (%(refused)s UTC). Copy the token again.") % {
            "refused": f"{refused:%H:%M}"
        }
    return Step(
        "address",
        gettext("Give Meta the address and the verify token"),
        gettext(
            "Meta for Developers, your app, WhatsApp, Configuration, Webhook, Edit. Paste both, then Verify and save."
        ),
        is_done=verified is not None or channel.first_delivery_at is not None,
        done_at=verified or channel.first_delivery_at,
        problem="" if channel.first_delivery_at else problem or _not_public(site),
        copies=((gettext("Callback URL"), site.webhook), (gettext("Verify token"), site.verify_token)),
    )


def _fields(channel: Channel) -> Step:
    return Step(
        "fields",
        gettext("Subscribe to the fields"),
        gettext(
            "On the same page, Webhook fields, Manage: subscribe to messages, and to the others so that you are told of"
            " opt-outs, templates and the quality of the number."
        ),
        is_done=channel.first_delivery_at is not None,
        done_at=channel.first_delivery_at,
        copies=((gettext("Fields"), ", ".join(FIELDS)),),
    )


def _address_at_twilio(channel: Channel, site: Site) -> Step:
    return Step(
        "address",
        gettext("Give Twilio the address"),
        gettext(
            "Twilio Console, Messaging, Senders, WhatsApp senders, your number: paste it as the webhook for incoming"
            " messages and as the status callback, both with the method POST."
        ),
        is_done=channel.first_delivery_at is not None,
        done_at=channel.first_delivery_at,
        problem="" if channel.first_delivery_at else _not_public(site),
        copies=((gettext("Webhook URL"), site.webhook),),
    )


def _not_public(site: Site) -> str:
    if site.webhook.startswith("https://"):
        return ""
    return gettext(
        "This address does not begin with https://, so nobody can call it: the site needs a public name and TLS."
    )


def _secret(channel: Channel, site: Site) -> Step:
    twilio = channel.provider == Channel.Provider.TWILIO
    own = channel.encrypted_app_secret or (twilio and channel.encrypted_access_token)
    where = (
        "Twilio signs with the auth token: store <account sid>:<auth token> as the access token."
        if twilio
        else gettext(
            "Meta for Developers, your app, App settings, Basic, App secret, Show. Store it on the page of the number."
        )
    )
    return Step(
        "secret",
        gettext("Store what deliveries are signed with"),
        where,
        is_done=bool(own) or (site.has_secrets and not twilio),
    )


def _token(channel: Channel) -> Step:
    return Step(
        "token",
        gettext("Store the access token that messages are sent with"),
        gettext(
            "Meta Business settings, System users: generate a token that does not expire, with the permissions"
            " whatsapp_business_messaging and whatsapp_business_management. Store it on the page of the number."
        ),
        is_done=bool(channel.encrypted_access_token),
    )


def _delivery(channel: Channel) -> Step:
    return Step(
        "delivery",
        gettext("The first signed delivery"),
        gettext(
            "It comes with the first message or status. Where nothing comes, address or fields are not saved yet, or"
            " the secret is another one: such a delivery is refused."
        ),
        is_done=channel.first_delivery_at is not None,
        done_at=channel.first_delivery_at,
    )


def _inbound(channel: Channel) -> Step:
    return Step(
        "inbound",
        gettext("A test message to this number"),
        gettext("Write “Hello” from your own phone to %(channel)s on WhatsApp. It is a chat in the inbox then.")
        % {"channel": channel},
        is_done=channel.first_inbound_at is not None,
        done_at=channel.first_inbound_at,
    )


def _outbound(channel: Channel) -> list[Step]:
    is_known = channel.encrypted_access_token or channel.first_sent_at
    token = "" if is_known else gettext("No access token is stored. Store one on the page of the number.")
    stopped = (
        gettext("This number sends nothing: %(stop_reason)s") % {"stop_reason": shown(channel.stop_reason)}
        if channel.stopped_at
        else ""
    )
    return [
        Step(
            "outbound",
            gettext("A test message from this number"),
            gettext("Answer the message of your phone here, or in the inbox."),
            is_done=channel.first_sent_at is not None and channel.stopped_at is None,
            done_at=channel.first_sent_at,
            problem=stopped or token,
        ),
        Step(
            "status",
            gettext("Its status comes back"),
            gettext(
                "Within seconds the message on your phone is reported as delivered. Where it is not, see the"
                " fields above."
            ),
            is_done=channel.first_status_at is not None,
            done_at=channel.first_status_at,
        ),
    ]
