"""manage.py demo: serves the site with demo data; `make run` starts it."""

import os
import sys
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from leadsite.demo import secrets as demo_secrets
from leadsite.demo.data import Demo, NotADemo, ensure_demo
from leadsite.demo.supervisor import PortBusy, Supervisor, WebServerBroken
from leadsite.management.commands.migrate import one_at_a_time

DEFAULT_PORT: Final = 8000


class Command(BaseCommand):
    help = (
        "Serve the site with demo data on 127.0.0.1 until Ctrl-C: migrates the database, creates a login and an API"
        " key, and starts the web server and the worker. Each of them, and the embedded PostgreSQL, is restarted when"
        " it exits."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is a production installation. The demo is started by `make run`.")
        if settings.DEMO_IN_INSTALLATION:
            raise CommandError(
                "SECRET_KEY and DATABASE_URL are set, so this is an installation, and the demo would create a superuser"
                " in its database. Unset them (also in .env) for a demo with its own database; for a demo in this one:"
                " LEADSITE_DEMO=force make run."
            )
        self.say("Preparing the database …")
        call_command("migrate", verbosity=0, interactive=False)
        try:
            with one_at_a_time():
                demo = ensure_demo(settings.DATA_DIR, force=settings.DEMO_FORCED)
            Supervisor(port=settings.PORT).run(on_ready=lambda: self.say(banner(demo, settings.PORT)))
        except (NotADemo, PortBusy, WebServerBroken) as error:
            raise CommandError(str(error)) from error
        self.say("Stopped.")

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()  # a file or a pipe is block-buffered


def readable(path: Path) -> str:
    """The path, relative to BASE_DIR if it is below it."""
    return str(path.relative_to(settings.BASE_DIR) if path.is_relative_to(settings.BASE_DIR) else path)


def banner(demo: Demo, port: int) -> str:
    site = f"http://127.0.0.1:{port}"
    # With the interpreter of the virtual environment and the port of this demo, so that the line can be copied.
    manage = f"{os.path.relpath(sys.executable, settings.BASE_DIR)} manage.py"
    where = "" if port == DEFAULT_PORT else f" --url {site}"
    return f"""
leadsite is running.

  Site         {site}/
  Admin        {site}/admin/
  Admin login  {demo.email}
  Password     {demo.password}
               (owner and operator; with the same password {demo.agent}, an agent,
               and {demo.viewer}, who changes nothing)
  API          {site}/api/leads
  API docs     {site}/api/docs
  API key      {demo.api_key}
  Webhook      {site}{reverse("whatsapp-webhook")}
               (app secret and verify token: {readable(demo_secrets.path(settings.DATA_DIR))})

Try it:

  curl {site}/api/leads \\
    -H 'Authorization: Bearer {demo.api_key}' \\
    -H 'Content-Type: application/json' \\
    -d '{{"customer_phone": "+1234567890", "customer_name": "John Doe", "type": "order",
         "details": "Customer wants to place an order"}}'

Send a message; the demo prints it and simulates the customer's phone:

  curl {site}/api/whatsapp \\
    -H 'Authorization: Bearer {demo.api_key}' \\
    -H 'Content-Type: application/json' \\
    -d '{{"to": "+1234567890", "message": "Your order is ready"}}'

Simulate a customer who writes on WhatsApp, in another terminal:

  {manage} simulate_whatsapp --from +4915112345678 --text 'Hello'{where}

Ctrl-C stops the site. The data stays in {settings.DATA_DIR}.
"""
