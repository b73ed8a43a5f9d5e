#!/usr/bin/env python3
"""Django's command-line utility, with the embedded PostgreSQL for the demo: `manage.py help` lists the commands."""

import os
import sys
from contextlib import AbstractContextManager, nullcontext

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from leadsite.core.postgresql.actors import Actor, ActorKind, set_process_actor
from leadsite.core.postgresql.defaults import NO_TIMEOUTS, TIMEOUTS
from leadsite.demo import embedded

# These change tables, make temporary ones (import_supabase), or read all of them (backup): they use
# MIGRATION_DATABASE_URL, where it is set.
AS_OWNER = ("migrate", "grant_rights", "import_supabase", "backup", "restore")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadsite.settings")
    # Commands use the demo's database where `make run` has created one: see LEADSITE_DEMO in leadsite/settings.py.
    os.environ.setdefault("LEADSITE_DEMO", "if-made")
    try:
        set_process_actor(Actor(ActorKind.COMMAND, name=" ".join(sys.argv[1:2])))
        with database_for(sys.argv[1:]):
            execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, embedded.EmbeddedPostgresError) as error:
        sys.exit(f"{sys.argv[0]}: {error}")


def database_for(arguments: list[str]) -> AbstractContextManager[object]:
    """Run the embedded PostgreSQL while the command runs; `database_url` leaves it running for psql."""
    command = arguments[0] if arguments else "help"
    if command in ("help", "--help", "--version") or "--help" in arguments:
        return nullcontext()
    if command in AS_OWNER and settings.OWNER_DATABASE:
        settings.DATABASES["default"] = settings.OWNER_DATABASE
    # The time-outs are for the web server; migrations and imports may take longer.
    options = settings.DATABASES["default"]["OPTIONS"]
    if options.get("options") == TIMEOUTS:
        options["options"] = NO_TIMEOUTS
    if not settings.EMBEDDED_POSTGRES:
        return nullcontext()
    return embedded.lease(settings.DATA_DIR, keep=command == "database_url", adopt=command == "demo")


if __name__ == "__main__":
    main()
