"""manage.py sync_templates: reads the message templates of businesses from Meta."""

import json
from dataclasses import asdict
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from leadsite.accounts.models import User
from whatsapp.message_templates.sync import Synchronised, sync_templates
from whatsapp.outbound.providers import CONSOLE

COULD_NOT_RUN: Final = 2


class Command(BaseCommand):
    help = (
        "Read the message templates of all businesses from Meta and store them: conversations show their text, and"
        " marketing is refused for customers who opted out. The worker does the same every ten minutes. Accounts are"
        " those of active numbers at Meta whose WhatsApp Business account id is known (create_business --waba-id, the"
        " number's page, or the next delivery)."
        " Exit code: 0 where all accounts were read, 1 where some were not, 2 where it could not run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", metavar="EMAIL", help="only this business's templates")
        parser.add_argument("--json", action="store_true", help="print the results as one JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.WHATSAPP_BACKEND == CONSOLE:
            raise CommandError("WHATSAPP_BACKEND is console: there are no templates to read.", returncode=COULD_NOT_RUN)
        try:
            results = sync_templates(user_id=self.user_id(options["user"]) if options["user"] else None)
        except DatabaseError as error:
            raise CommandError(f"The database does not answer: {error}", returncode=COULD_NOT_RUN) from error
        self.show(results, as_json=options["json"])
        if failed := sum(bool(result.error) for result in results):
            raise CommandError(f"{failed} of {len(results)} accounts were not read.", returncode=1)

    def user_id(self, email: str) -> Any:
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise CommandError(f"There is no business {email}.", returncode=COULD_NOT_RUN)
        return user.pk

    def show(self, results: list[Synchronised], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"accounts": [asdict(result) for result in results]}, default=str))
            return
        for result in results:
            self.stdout.write(f"{result.waba_id}  {result.error or f'{result.templates} templates'}")
        if not results:
            self.stdout.write("No account: no active number at Meta has a WhatsApp Business account id.")
