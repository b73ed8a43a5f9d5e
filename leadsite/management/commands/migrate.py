"""manage.py migrate: Django's command, after a check that the tables are not from an earlier version of leadsite."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate

from leadsite.core.history import EarlierDatabase, check_history


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            check_history()
        except EarlierDatabase as error:
            raise CommandError(str(error)) from error
        super().handle(*args, **options)
