"""What a number's deliveries are signed with: its own secret, at Twilio the auth token of its account.

A number at Meta that has no secret of its own is signed with one of WHATSAPP_APP_SECRETS.
"""

from typing import NamedTuple

from leadsite.core.encryption import decrypt
from whatsapp.models.channel_values import ChannelProvider


class Signing(NamedTuple):
    """`secret`: "" where the number has none of its own. `account`: Twilio's AccountSid, "" where it is not known."""

    secret: str = ""
    account: str = ""


def signing_of(provider: str, app_secret: str, access_token: str) -> Signing:
    """Return what signs a number's deliveries; both texts are encrypted as they are stored.

    Twilio signs with the auth token of the account ("Webhooks security"), which is part of the access token "account
    sid:auth token". One with an API key, "account sid:key sid:key secret", has none: such a number needs an app secret.

    Raises leadsite.core.encryption.SecretUnreadable.
    """
    own = decrypt(app_secret) if app_secret else ""
    if provider != ChannelProvider.TWILIO or not access_token:
        return Signing(own)
    account, _, rest = decrypt(access_token).partition(":")
    return Signing(own or ("" if ":" in rest else rest), account if rest else "")
