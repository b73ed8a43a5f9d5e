"""Staff import 50,000 rows in a real browser, with a real worker. Screenshots are in tmp_path."""

from pathlib import Path

import pytest
from django.db.models import Model

from leads.models import ImportFile, ImportRun, Lead
from leadsite.accounts.services import create_business
from tests.browser import PHONE, Window, open_window
from tests.factories import Business
from tests.leadsite.workers import working
from tests.staff import address

PASSWORD = "correct horse battery"
ROWS = 50_000
REFUSED = ROWS // 1000

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def people(owner) -> Business:
    """A business whose staff can log in."""
    return Business(create_business(email=owner.user.email, password=PASSWORD, staff=True))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """One row in a thousand has no phone number; the name is in a column that is not recognised."""
    path = tmp_path / "customers of may.csv"
    with path.open("w", encoding="utf-8") as out:
        out.write("Ansprechpartner,Telefon,Anfrageart,Notizen\n")
        for n in range(ROWS):
            phone = "unknown" if n % 1000 == 7 else f"+49151{n:08d}"
            out.write(f"Kundin {n},{phone},order,Torte {n}\n")
    return path


def press(window: Window, name: str) -> None:
    window.page.get_by_role("button", name=name, exact=False).click()


def choose_in_menu(window: Window, model: type[Model]) -> None:
    window.page.locator(f'#nav-sidebar a[href="{address("changelist", model)}"]').first.click()


def test_staff_import_fifty_thousand_rows_and_see_the_progress(people, live_server, tmp_path: Path, file: Path):
    with working(tmp_path), open_window(live_server.url) as window:
        page = window.page
        window.log_in(people.user.email, PASSWORD)
        window.page.wait_for_url("**/admin/inbox/")
        window.open("/admin/overview/")
        choose_in_menu(window, Lead)
        page.get_by_role("link", name="Import a file").click()
        page.locator("input[type=file]").set_input_files(file)
        page.screenshot(path=tmp_path / "1-upload.png", full_page=True)
        press(window, "Upload and preview")

        page.get_by_label("What “Ansprechpartner” is").wait_for()
        page.screenshot(path=tmp_path / "2-first-preview.png", full_page=True)
        page.get_by_label("What “Ansprechpartner” is").select_option("Customer's name")
        press(window, "Update preview")
        page.get_by_text("Refused: ").wait_for()
        page.screenshot(path=tmp_path / "3-preview.png", full_page=True)
        press(window, "Dry run")
        page.get_by_text(f"{ROWS:,} rows: {ROWS - REFUSED:,} created, {REFUSED} refused").first.wait_for()
        page.screenshot(path=tmp_path / "4-tried.png", full_page=True)

        page.get_by_role("button", name="Import", exact=True).click()
        page.get_by_text("rows/s").wait_for()
        page.screenshot(path=tmp_path / "5-progress.png", full_page=True)
        page.get_by_text("Download the refused rows, correct them").wait_for()
        page.screenshot(path=tmp_path / "6-finished.png", full_page=True)
        with page.expect_download() as download:
            page.get_by_role("link", name="Download refused rows").click()
        refused = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
        choose_in_menu(window, ImportRun)
        page.get_by_text("Finished, some refused").wait_for()
        page.screenshot(path=tmp_path / "7-list.png", full_page=True)
        assert window.errors == []

    assert len(refused) == 1 + REFUSED
    assert refused[1].startswith("Kundin 7,unknown,order,Torte 7,9,customer_phone,")
    run = ImportRun.objects.get()
    assert (run.state, run.read, run.created, run.failed) == ("finished", ROWS, ROWS - REFUSED, REFUSED)
    assert Lead.objects.filter(user=people.user, import_run=run).count() == ROWS - REFUSED
    assert not ImportFile.objects.exists()


def test_the_pages_fit_a_phone(people, live_server, tmp_path: Path):
    file = tmp_path / "leads.csv"
    file.write_text("phone,name,type,details\n+4915100000001,Amina,order," + "w" * 300 + "\n12,Bob,order,x\n")
    with open_window(live_server.url, viewport=PHONE) as window:
        page = window.page
        page.emulate_media(color_scheme="dark")
        window.log_in(people.user.email, PASSWORD)
        window.open(address("add", ImportRun))
        page.locator("input[type=file]").set_input_files(file)
        press(window, "Upload and preview")
        page.get_by_text("Refused: ").wait_for()
        page.screenshot(path=tmp_path / "phone-preview.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        page.get_by_role("button", name="Import", exact=True).click()
        # No worker is running.
        page.get_by_text("no worker is running").wait_for()
        page.screenshot(path=tmp_path / "phone-waiting.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        press(window, "Stop")
        page.get_by_role("button", name="Continue").wait_for()
        assert window.errors == []
