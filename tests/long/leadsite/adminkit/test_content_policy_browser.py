"""All pages in Chromium with the Content-Security-Policy on: nothing is refused, and nothing fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client

from conversations.models import Conversation
from leads.models import ImportRun, Lead
from leadsite.accounts.models import User
from leadsite.accounts.passwords.links import link_for
from tests.browser import DESKTOP, Window, browser
from tests.factories import Business
from tests.leadsite.accounts.second_factor.phone import Phone
from tests.leadsite.admin_paths import routes
from tests.leadsite.full_business import with_rows
from tests.staff import address, registered

EMAIL, PASSWORD = "demo@leadsite.example", "correct horse battery"
# Chromium reports these to the page, and as errors in its console.
LISTEN = """
    window.violations = [];
    document.addEventListener("securitypolicyviolation", event => violations.push(
        [event.effectiveDirective, event.blockedURI, event.sourceFile, event.lineNumber, event.sample].join(" ")));
"""
# Answers that no browser shows: data for scripts, and files.
NOT_PAGES = {
    "jsi18n",
    "autocomplete",
    "leads_importrun_progress",
    "leads_bulkchange_progress",
    "leads_importrun_refused",
}
# The number of refused requests is in the console too; that is not about scripts.
STATUS = "Failed to load resource: the server responded with a status of 4"

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@contextmanager
def watching(site: str, **options: Any) -> Iterator[Window]:
    with browser() as chromium:
        context = chromium.new_context(**({"viewport": DESKTOP, "locale": "en-GB"} | options))
        context.add_init_script(LISTEN)
        yield Window(context.new_page(), site)


def problems(window: Window, where: str) -> list[str]:
    """What the browser has refused on this page, and other errors since the last call."""
    errors = [error for error in window.errors if not error.startswith(STATUS)]
    found = [f"{where}: {problem}" for problem in [*window.page.evaluate("window.violations"), *errors]]
    window.errors.clear()
    return found


@pytest.fixture
def rows(owner: Business) -> dict[type[Model], Any]:
    User.objects.create_superuser(EMAIL, PASSWORD)
    with_rows(owner)
    return {model: model._default_manager.order_by("pk").last() for model in registered()}


def test_no_page_of_the_admin_is_refused_anything(rows, live_server):
    paths = [route.path(rows) for route in routes() if route.name not in NOT_PAGES]
    found: list[str] = []
    with watching(live_server.url) as window:
        window.open("/admin/login/")
        found += problems(window, "/admin/login/")
        window.log_in(EMAIL, PASSWORD)
        for path in [*paths, "/api/docs", "/api/docs/redoc"]:
            window.open(path)
            window.page.wait_for_timeout(100)
            found += problems(window, path)
    assert len(paths) > 100
    assert found == []


def test_lists_are_refused_nothing(rows, live_server):
    with watching(live_server.url) as window:
        page = window.page
        window.log_in(EMAIL, PASSWORD)
        window.open(address("changelist", Lead))
        page.get_by_text("Filters").first.click()
        page.locator("#changelist-filter").wait_for()
        page.keyboard.press("Escape")
        page.get_by_text("dock_to_right").first.click()
        page.locator("#nav-sidebar").first.wait_for(state="hidden")
        page.get_by_text("dock_to_right").first.click()
        page.locator("#nav-sidebar").first.wait_for()
        for theme in ("light", "dark"):
            page.keyboard.press("Control+e")
            page.locator(f"html.{theme}").wait_for()
        found = problems(window, "the list of leads")

        page.locator("input[name=_selected_action]").first.check()
        page.locator("select[name=action]").select_option(index=1)
        page.get_by_role("button", name="Run").click()
        page.wait_for_load_state()
        assert found + problems(window, "an action") == []


def test_forms_are_refused_nothing(rows, owner: Business, live_server, tmp_path: Path):
    conversation, lead = rows[Conversation], rows[Lead]
    file = tmp_path / "leads.csv"
    file.write_text("phone,name,type,details\n+4915100000001,Amina,order,<script>alert(1)</script>\n12,Bob,order,x\n")
    with watching(live_server.url) as window:
        page = window.page
        window.log_in(EMAIL, PASSWORD)
        window.open(address("change", lead))
        page.locator("select[name=status]").select_option("contacted")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("was changed successfully").wait_for()
        found = problems(window, "a changed lead")

        window.open(address("change", conversation))
        page.get_by_label("Reply on WhatsApp").fill("Hello")
        page.get_by_role("button", name="Send", exact=True).click()
        page.wait_for_load_state()
        found += problems(window, "a reply")

        window.open(address("add", ImportRun))
        page.locator("select[name=user]").select_option(str(owner.id))
        page.locator("input[type=file]").set_input_files(file)
        page.get_by_role("button", name="Upload and preview").click()
        page.get_by_text("Refused: ").wait_for()
        found += problems(window, "the preview")
        page.get_by_role("button", name="Import", exact=True).click()
        page.get_by_text("no worker is running").wait_for()
        found += problems(window, "an import")
    assert found == []


@dataclass
class Visitor:
    """Opens pages and submits the forms of logins, and notes what was refused."""

    window: Window
    found: list[str]

    def opened(self, path: str) -> None:
        self.window.open(path)
        self._note(path)

    def submit(self, where: str, **typed: str) -> None:
        for name, text in typed.items():
            self.window.page.locator(f"input[name={name}]").fill(text)
        fields = "input[type=password], input[name=code], input[name=email]"
        self.window.page.locator(f"form:has({fields}) [type=submit]").last.click()
        self.window.page.wait_for_load_state()
        self._note(where)

    def _note(self, where: str) -> None:
        self.window.page.wait_for_timeout(100)
        self.found += problems(self.window, where)


def test_pages_around_logins_are_refused_nothing(owner: Business, live_server, settings):
    """A forgotten password, a new one, the second factor, the account, waits and errors."""
    settings.EMAIL_URL, settings.PUBLIC_URL = "smtp://127.0.0.1:1", live_server.url
    phone = Phone(owner.user)
    link, used = link_for(phone.user), "/admin/password/new/?link=0.used"
    stranger = Client(REMOTE_ADDR="127.0.0.1")
    for _ in range(10):
        stranger.post("/admin/login/", {"username": "nobody@bakery.example", "password": "wrong"})
    found: list[str] = []
    with watching(live_server.url) as window:
        opened, submit = Visitor(window, found).opened, Visitor(window, found).submit
        opened("/admin/password/forgotten/")
        submit("a link that was asked for", email=phone.user.email)
        opened(used)
        opened(link)
        submit("passwords that differ", password1="correct horse battery", password2="another")
        submit("a new password", password1="correct horse battery", password2="correct horse battery")
        opened("/admin/login/")
        submit("a login that waits", username="nobody@bakery.example", password="wrong")
        opened("/admin/login/")
        submit("a wrong password", username=phone.user.email, password="wrong")
        submit("a right password", username=phone.user.email, password="correct horse battery")
        assert window.page.url.endswith("/admin/login/code/")
        submit("a wrong code", code="abcd-efgh")
        submit("a right code", code=phone.recovery_codes[0])
        assert "login" not in window.page.url
        for path in (
            "/admin/account/",
            "/admin/account/second-factor/",
            "/admin/password_change/",
            "/admin/no/such/page/",
        ):
            opened(path)
        opened(f"/admin/accounts/user/{phone.user.pk}/second-factor/")
    assert found == []


def test_a_script_that_got_into_a_page_does_not_run(rows, live_server):
    """The policy is on, and the test above would see a refusal."""
    with watching(live_server.url) as window:
        window.open("/admin/login/")
        injected = "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 1\">')"
        window.page.evaluate(injected)
        window.page.wait_for_function("violations.length")
        assert window.page.evaluate("window.ran") is None
        assert "script-src" in problems(window, "")[0]
