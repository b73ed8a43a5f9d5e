"""manage.py create_person: lets somebody work for a business, by a password or an invitation."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from leadsite.accounts.models import Membership, User
from leadsite.accounts.people import invitations
from leadsite.accounts.people.create import PersonInvalid, create_person, invite
from leadsite.accounts.people.services import LastOwner
from leadsite.accounts.secret_options import HELP, read_secret


class Command(BaseCommand):
    help = (
        "Let somebody work for a business. With --password, or where the e-mail has a login, this is done at once;"
        " otherwise an invitation is printed: a link for one use, valid for seven days. Run again, it changes the role,"
        " and no login is doubled. The login of a business itself: create_business --staff."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True, help="of the person")
        parser.add_argument("--business", required=True, metavar="EMAIL", help="the e-mail of the business")
        parser.add_argument("--role", required=True, choices=Membership.Role.values)
        parser.add_argument("--name", default="", help="what colleagues call the person")
        parser.add_argument("--password", default="", help=f"of a new login{HELP}")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, email: str, role: str, **options: Any) -> None:
        business = User.objects.businesses().filter(email=options["business"].strip().lower()).first()
        if business is None:
            raise CommandError(f"There is no business with the e-mail {options['business']}.")
        password = read_secret("--password", options["password"])
        try:
            person = create_person(email=email, business=business, role=role, name=options["name"], password=password)
            link = ""
            if person is None:
                # Without PUBLIC_URL the operator knows the address of the site.
                site = settings.PUBLIC_URL or f"http://127.0.0.1:{settings.PORT}"
                link = f"{site}{invitations.link_of(invite(email=email, business=business, role=role))}"
        except (PersonInvalid, LastOwner, invitations.InvitationRefused) as error:
            raise CommandError(str(error)) from error
        found = {"person_id": str(person.pk) if person else None, "email": email.strip().lower(), "role": role}
        if options["json"]:
            self.stdout.write(json.dumps(found | {"business": business.email, "invitation": link or None}))
        elif link:
            self.stdout.write(f"Pass this link on to {found['email']}, within seven days:\n{link}")
        else:
            self.stdout.write(f"{found['email']} works for {business} as {role}.")
