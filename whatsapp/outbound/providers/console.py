"""No provider: prints what would be sent, and plays the customer's side. The default of `make run`.

Sent, delivered and read come back a moment later as the provider would deliver them: signed, through the site's own
webhook. Where no site answers, or no secret is set to sign with, the message just stays sent.
"""

import secrets
import sys
import threading
from typing import Any, Final

from django.conf import settings

from whatsapp.models import Channel
from whatsapp.outbound.outcomes import Outcome, Outgoing, Sent
from whatsapp.simulator import bodies
from whatsapp.simulator.post import post, signed, webhook_of

# When each status comes, in seconds after the message was sent.
STORY: Final = ((0.3, "sent"), (1.0, "delivered"), (2.5, "read"))


def send(message: Outgoing) -> Outcome:
    is_twilio = message.provider == Channel.Provider.TWILIO
    provider_id = f"SM{secrets.token_hex(16)}" if is_twilio else bodies.new_message_id()
    # repr: a client's text must not move the cursor of whoever reads along.
    sys.stdout.write(f"WhatsApp to {message.address} ({message.kind}): {message.content!r}\n")
    sys.stdout.flush()
    if settings.WHATSAPP_APP_SECRETS:
        for seconds, status in STORY:
            timer = threading.Timer(seconds, _report, [message, provider_id, status])
            timer.daemon = True  # a story that is cut short is nobody's loss
            timer.start()
    return Sent(provider_id)


def _report(message: Outgoing, provider_id: str, status: str) -> None:
    about: dict[str, Any] = {
        "channel": message.phone_number_id,
        "customer": bodies.Customer(
            phone=message.address if message.is_to_phone else "",
            user_id="" if message.is_to_phone else message.address,
        ),
        "status": status,
        "message_id": provider_id,
    }
    if message.provider == Channel.Provider.TWILIO:
        made: Any = bodies.twilio_status(**about)
    else:
        made = bodies.meta_status(**about, callback_data=str(message.id))
    url = webhook_of(f"http://127.0.0.1:{settings.PORT}")
    secret = settings.WHATSAPP_APP_SECRETS[0]
    post(signed(url=url, provider=message.provider, message_id=provider_id, made=made, secret=secret))
