"""manage.py create_business: creates a business with an API key and its WhatsApp number."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leadsite.accounts.secret_options import HELP, read_secrets
from leadsite.accounts.services import BusinessInvalid
from leadsite.core.encryption import SecretUnreadable
from whatsapp.channels import ChannelTaken, set_up_business
from whatsapp.models import Channel, ChannelInvalid


class Command(BaseCommand):
    help = (
        "Create a business with an API key, and connect its WhatsApp number if one is given. Run again for the same"
        " e-mail, it creates no second business but prints a new key. A key is shown only once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True, help="the login")
        parser.add_argument("--name", default="", help="the business's name")
        parser.add_argument(
            "--phone-number-id", default="", help="the WhatsApp number's id at Meta; at Twilio the number itself, +…"
        )
        parser.add_argument(
            "--provider",
            choices=Channel.Provider.values,
            help="of a new number; default: twilio where the id is a phone number (+…), otherwise cloud (Meta)",
        )
        parser.add_argument("--access-token", default="", help=f"the provider's token; stored encrypted{HELP}")
        parser.add_argument(
            "--app-secret",
            default="",
            help="what Meta signs this number's deliveries with; default: WHATSAPP_APP_SECRETS. Twilio signs with the"
            f" auth token, so it is needed there only for a token with an API key. Stored encrypted{HELP}",
        )
        parser.add_argument(
            "--waba-id",
            default="",
            help="the id of the WhatsApp Business account at Meta, to read its templates; default: as deliveries say",
        )
        parser.add_argument("--staff", action="store_true", help="may log in to the admin (set a password there)")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["access_token"] and not options["phone_number_id"]:
            raise CommandError("--access-token needs --phone-number-id: a token belongs to a number.")
        if options["app_secret"] and not options["phone_number_id"]:
            raise CommandError("--app-secret needs --phone-number-id: a secret belongs to a number.")
        if options["waba_id"] and not options["phone_number_id"]:
            raise CommandError("--waba-id needs --phone-number-id: an account is known by its numbers.")
        given = ("email", "name", "staff", "phone_number_id", "access_token", "app_secret", "provider", "waba_id")
        secrets = read_secrets({"--access-token": options["access_token"], "--app-secret": options["app_secret"]})
        options |= {"access_token": secrets["--access-token"], "app_secret": secrets["--app-secret"]}
        try:
            business, channel = set_up_business(**{option: options[option] for option in given})
        except (BusinessInvalid, ChannelInvalid, ChannelTaken, SecretUnreadable) as error:
            raise CommandError(str(error)) from error
        answer = {
            "user_id": str(business.user.pk),
            "email": business.user.email,
            "api_key": business.api_key,
            "channel_id": str(channel.pk) if channel else None,
        }
        if options["json"]:
            self.stdout.write(json.dumps(answer))
        else:
            for name, value in answer.items():
                self.stdout.write(f"{name:<11} {value or '-'}")
