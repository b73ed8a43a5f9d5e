"""No provider: prints messages and simulates their statuses. The default of `make run`.

The statuses sent, delivered and read are posted a moment later as a provider would: signed, to the site's webhook.
Where no site answers, or no secret is set, the message stays sent.
"""

import secrets
import sys
import threading
from typing import Any, Final

from django.conf import settings

from leadsite.core.encryption import SecretUnreadable
from whatsapp.models import Channel, Signing, signing_of
from whatsapp.outbound.outcomes import Outcome, Outgoing, Sent
from whatsapp.simulator import bodies
from whatsapp.simulator.post import post, signed, webhook_of
from whatsapp.simulator.site import of_the_list

# When each status is posted, in seconds after the message was sent.
STATUSES: Final = ((0.3, "sent"), (1.0, "delivered"), (2.5, "read"))


def send(message: Outgoing) -> Outcome:
    is_twilio = message.provider == Channel.Provider.TWILIO
    provider_id = f"SM{secrets.token_hex(16)}" if is_twilio else bodies.new_message_id()
    # repr, so that control characters in a client's text do not affect the terminal.
    sys.stdout.write(f"WhatsApp to {message.address} ({message.kind}): {message.content!r}\n")
    sys.stdout.flush()
    signing = _signing(message)
    if signing.secret:
        for seconds, status in STATUSES:
            timer = threading.Timer(seconds, _report, [message, provider_id, status, signing])
            timer.daemon = True  # at the end of the process, pending statuses are dropped
            timer.start()
    return Sent(provider_id)


def _signing(message: Outgoing) -> Signing:
    """What the number's statuses are signed with; no secret where there is none, or none that can be read."""
    try:
        found = signing_of(message.provider, message.app_secret, message.token)
    except SecretUnreadable:
        return Signing()
    return found._replace(secret=found.secret or of_the_list(message.provider))


def _report(message: Outgoing, provider_id: str, status: str, signing: Signing) -> None:
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
        body: Any = bodies.twilio_status(**about, account=signing.account)
    else:
        body = bodies.meta_status(**about, callback_data=str(message.id))
    url = webhook_of(f"http://127.0.0.1:{settings.PORT}")
    post(signed(url=url, provider=message.provider, message_id=provider_id, body=body, secret=signing.secret))
