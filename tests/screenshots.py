"""`make screenshots`: serves the demo with the chats of a bakery, and takes pictures of its pages.

Each on a screen and on a phone, in light and dark, into var/screenshots; those that README and docs show are copied to
docs/images. Its database is new, in a temporary directory. Needs Chromium.
"""

import argparse
import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page, ViewportSize

from tests.browser import browser

REPOSITORY: Final = Path(__file__).resolve().parent.parent
IMAGES: Final = REPOSITORY / "docs" / "images"
TAKEN: Final = REPOSITORY / "var" / "screenshots"
PORT: Final = 18_431
SITE: Final = f"http://127.0.0.1:{PORT}"
DESKTOP: Final = ViewportSize(width=1440, height=900)
PHONE: Final[dict[str, Any]] = {
    "viewport": ViewportSize(width=390, height=844),
    "has_touch": True,
    "is_mobile": True,
}
AMINA: Final = "+4915123456789"
Shoot = Callable[..., None]
FILE: Final = """Name;Telefon;Art;Nachricht;Status
Farida Haddad;+49 151 20000001;Bestellung;Baklava für 30 Personen;neu
Thomas Weber;0151 20000002;Anfrage;Haben Sie sonntags offen?;neu
Ngozi Okafor;+234 803 123 4567;Buchung;Tisch für vier, Freitag;kontaktiert
Unbekannt;12;Anfrage;Nummer fehlt;neu
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=TAKEN, help="default: var/screenshots, and docs/images")
    parser.add_argument("--all", action="store_true", help="more pages: of customers, exports and templates")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leadsite-screenshots-") as folder:
        os.environ |= {"LEADSITE_DATA_DIR": folder, "LEADSITE_DEMO": "true", "PORT": str(PORT), "LOG_LEVEL": "ERROR"}
        demo = subprocess.Popen([sys.executable, "manage.py", "demo"], cwd=REPOSITORY, stdout=subprocess.DEVNULL)
        try:
            wait_until_it_answers()
            fill()
            take(options.folder, read_secret(folder, "DEMO_PASSWORD"), everything=options.all)
            if options.folder == TAKEN:
                publish()
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(timeout=60)


def wait_until_it_answers() -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{SITE}/readyz", timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.3)
    raise SystemExit("The demo does not start. Try `make run`.")


def read_secret(folder: str, name: str) -> str:
    for file in Path(folder).glob("*"):
        if file.is_file() and file.stat().st_size < 10_000:
            for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
                if line.startswith(f"{name}="):
                    return line.partition("=")[2].strip("\"'")
    raise SystemExit(f"No {name} in {folder}.")


def fill() -> None:
    """Customers write, the business answers: through the webhook and the services."""
    # Django's settings read the environment that main() has set.
    code = f"import tests.screenshots_data as data; data.fill({SITE!r})"
    subprocess.run([sys.executable, "manage.py", "shell", "-v0", "-c", code], cwd=REPOSITORY, check=True)


def take(folder: Path, password: str, *, everything: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    further = (of_customers, of_exports, of_templates) if everything else ()
    with browser() as chromium:
        for theme in ("light", "dark"):
            for shape, device in (("", {"viewport": DESKTOP}), ("-phone", PHONE)):
                page = chromium.new_context(**device, color_scheme=theme, locale="en-GB").new_page()
                log_in(page, password)
                shoot = shooting(page, folder, shape + ("-dark" if theme == "dark" else ""))
                for pictures in (of_inbox, of_leads, of_set_up, *further):
                    pictures(page, shoot)
                page.context.close()


def publish() -> None:
    """Copy what README and docs show to docs/images, and remove from there what they show no more."""
    texts = [REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")]
    shown = {name for text in texts for name in re.findall(r"images/([\w-]+\.png)", text.read_text(encoding="utf-8"))}
    for image in IMAGES.glob("*.png"):
        image.unlink()
    for name in shown:
        shutil.copy(TAKEN / name, IMAGES)


def log_in(page: Any, password: str) -> None:
    page.goto(f"{SITE}/admin/")
    page.get_by_label("E-mail").fill("demo@leadsite.example")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.locator("#inbox").wait_for()


def open_chat(page: Any, name: str) -> None:
    page.goto(f"{SITE}/admin/inbox/?tab=all")
    page.locator(".inbox-row", has_text=name).first.click()
    page.locator("#chat .bubble").first.wait_for()
    page.wait_for_timeout(600)


def shooting(page: Page, folder: Path, suffix: str) -> Shoot:
    def shoot(name: str, *, full: bool = False) -> None:
        page.wait_for_timeout(500)
        page.screenshot(path=folder / f"{name}{suffix}.png", full_page=full)

    return shoot


def of_inbox(page: Page, shoot: Shoot) -> None:
    page.goto(f"{SITE}/admin/inbox/?tab=waiting")
    page.locator(".inbox-row").first.wait_for()
    shoot("inbox-list")
    open_chat(page, "Amina")
    shoot("inbox")
    if page.locator(".inbox-to-customer").is_visible():
        page.locator(".inbox-to-customer").click()
        shoot("customer")
    page.goto(f"{SITE}/admin/inbox/?q=lemon&tab=all")
    shoot("search")
    page.goto(f"{SITE}/admin/inbox/board/")
    page.locator(".board-card").first.wait_for()
    shoot("board")


def of_leads(page: Page, shoot: Shoot) -> None:
    page.goto(f"{SITE}/admin/overview/")
    shoot("overview")
    page.goto(f"{SITE}/admin/leads/lead/")
    shoot("leads")
    page.locator("#result_list a[href*='/change/']").first.click()
    page.wait_for_load_state()
    shoot("lead")
    import_page(page)
    shoot("admin-import")


def of_set_up(page: Page, shoot: Shoot) -> None:
    """The first number of the demo is connected."""
    page.goto(f"{SITE}/admin/whatsapp/channel/")
    page.locator("#result_list a[href*='/change/']").first.click()
    page.get_by_role("link", name="Connect this number step by step").click()
    page.locator(".set-up-step").first.wait_for()
    shoot("set-up", full=True)


def of_customers(page: Page, shoot: Shoot) -> None:
    page.goto(f"{SITE}/admin/conversations/customer/duplicates/")
    shoot("duplicates")
    page.get_by_role("link", name="Compare and merge").first.click()
    page.locator(".merge-two").wait_for()
    shoot("merge", full=True)
    page.locator(".merge-one a").first.click()
    page.locator(".person").wait_for()
    shoot("person", full=True)


def of_exports(page: Page, shoot: Shoot) -> None:
    page.goto(f"{SITE}/admin/exports/new/lead/?status=new")
    shoot("export-new", full=True)
    page.goto(f"{SITE}/admin/exports/")
    shoot("exports")
    page.get_by_role("link", name="Open").first.click()
    page.wait_for_load_state()
    shoot("export")
    page.goto(f"{SITE}/admin/overview/")
    shoot("figures", full=True)


def of_templates(page: Page, shoot: Shoot) -> None:
    open_chat(page, "João")
    page.get_by_role("link", name="Send a template").click()
    page.locator("#template-form").wait_for()
    shoot("templates")
    page.get_by_role("button", name="cake_photo").click()
    page.locator("[data-header-file]").wait_for()
    shoot("template-photo")


def import_page(page: Any) -> None:
    page.goto(f"{SITE}/admin/leads/importrun/add/")
    page.locator("input[type=file]").set_input_files(
        {"name": "kunden.csv", "mimeType": "text/csv", "buffer": FILE.encode()}
    )
    page.get_by_role("button", name="Upload and preview").click()
    page.locator(".import-preview").first.wait_for(timeout=60_000)


def posted(output: io.StringIO) -> str:
    """The id of the message that simulate_whatsapp --json has posted."""
    return str(json.loads(output.getvalue())["message_ids"][0])


if __name__ == "__main__":
    main()
