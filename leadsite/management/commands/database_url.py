"""manage.py database_url: prints the database URL for psql, pg_dump and other clients."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = (
        'Print the URL of the database in use, for psql or pg_dump:  psql "$(./manage.py database_url)".'
        " The demo's embedded PostgreSQL is started if necessary, and left running."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(settings.DATABASE_URL)
