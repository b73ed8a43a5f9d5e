"""manage.py demo: what `make run` starts."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from leadsite.demo_data import Demo, ensure_demo
from leadsite.supervisor import PortBusy, Supervisor, WebServerBroken


class Command(BaseCommand):
    help = (
        "Serve the site with demo data on 127.0.0.1 until Ctrl-C: migrates the database, makes a login and an API"
        " key, and starts the web server. A web server or an embedded PostgreSQL that dies is started again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is a production installation. The demo is started by `make run`.")
        self.say("Preparing the database …")
        call_command("migrate", verbosity=0, interactive=False)
        demo = ensure_demo(settings.DATA_DIR)
        try:
            Supervisor(port=settings.PORT).run(on_ready=lambda: self.say(banner(demo, settings.PORT)))
        except (PortBusy, WebServerBroken) as error:
            raise CommandError(str(error)) from error
        self.say("Stopped.")

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()  # also into a file or a pipe at once, not when the demo ends


def banner(demo: Demo, port: int) -> str:
    site = f"http://127.0.0.1:{port}"
    return f"""
leadsite is running.

  Site         {site}/
  Admin        {site}/admin/
  Admin login  {demo.email}
  Password     {demo.password}
  API          {site}/api/leads
  API key      {demo.api_key}

Try it:

  curl {site}/api/leads \\
    -H 'Authorization: Bearer {demo.api_key}' \\
    -H 'Content-Type: application/json' \\
    -d '{{"customer_phone": "+1234567890", "customer_name": "John Doe", "type": "order",
         "details": "Customer wants to place an order"}}'

Ctrl-C stops it. The data stays in {settings.DATA_DIR}.
"""
