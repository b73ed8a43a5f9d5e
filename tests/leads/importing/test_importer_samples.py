"""Files as other programs export them, each with the fewest options. docs/importing.md has the results as a table."""

from pathlib import Path
from typing import NamedTuple

import pytest
from django.conf import settings
from openpyxl import Workbook

from leads.models import Lead
from tests.leads.importing.operator import import_leads

pytestmark = pytest.mark.django_db(transaction=True)
SAMPLES = Path(__file__).parent / "samples"
DOCS = settings.BASE_DIR / "docs" / "importing.md"


class Sample(NamedTuple):
    """A file, what it is, the options that it needs, its leads (name, phone, type, status, details), how many rows are
    refused and why.
    """

    file: str
    what: str
    leads: list[tuple[str, str, str, str, str]]
    options: str = ""
    refused: int = 0
    why: str = ""

    @property
    def line(self) -> str:
        """The sample's line of the table in the documentation."""
        options = f"`{self.options}`" if self.options else "none"
        refused = f"{self.refused}: {self.why}" if self.refused else "none"
        return f"| {self.what} | {options} | {len(self.leads) + self.refused} | {refused} |"


def inquiry(name: str, phone: str, details: str = "", status: str = "new") -> tuple[str, str, str, str, str]:
    return name, phone, "inquiry", status, details


CASES = [
    Sample(
        "facebook_lead_ads.csv",
        "Facebook lead ads: UTF-16, a question, `p:+49…`, `lead_status` CREATED",
        [
            inquiry("Ines Quast", "+4915123410030", "What cake do you want?: lemon_cake"),
            inquiry("Ruben Ott", "+4915123410031", "What cake do you want?: chocolate"),
            inquiry("Lia Orth", "+4915123410032", "What cake do you want?: chocolate"),
        ],
        options="--region DE",
    ),
    Sample(
        "google_contacts.csv",
        "Google contacts: several phones with labels, companies",
        [
            inquiry("Paula Kern", "+4915123410001", "Two lines\nof notes"),
            inquiry("Jan J. Weiss", "+4915123410002"),
            inquiry("Elif Demir", "+4915123410004"),
            inquiry("Bakery Halm", "+493098765432"),
            inquiry("Otis Nahe", "+4915123410005"),
        ],
        options="--region DE",
        refused=1,
        why="a contact without a number",
    ),
    Sample(
        "google_contacts_2019.csv",
        "Google contacts, until 2024: `Phone 1 - Type`",
        [inquiry("Ines Quast", "+4915123410201", "Prefers calls"), inquiry("Orth & Co", "+493055501003")],
    ),
    Sample(
        "google_form.csv",
        "Google Forms: questions as columns",
        [inquiry("Max Eich", "+4915123410100", "What would you like to order?: 2 lemon cakes")],
    ),
    Sample(
        "formulario_es.csv",
        "Google Forms in Spanish, with the state of the address",
        [
            inquiry("Eva Ibáñez", "+525512340111", "¿Qué quiere reservar?: Mesa para seis"),
            inquiry("Luis Paz", "+525512340112", "¿Qué quiere reservar?: Salón pequeño"),
        ],
    ),
    Sample(
        "outlook.csv",
        "Outlook: ninety columns, Windows' encoding",
        [
            inquiry("Götz Füßen", "+4915123410020", "Prefers – calls"),
            inquiry("Eva Único", "+34600000021"),
            inquiry("Sam Home", "+447700900022"),
        ],
        options="--encoding cp1252",
    ),
    Sample(
        "outlook_german.csv",
        "Outlook in German",
        [
            inquiry("Ines Maria Quast", "+4915123410201", "Ruft morgens an"),
            inquiry("Orth & Co", "+493055501003"),
        ],
        options="--encoding cp1252 --region DE",
    ),
    Sample(
        "hubspot_contacts.csv",
        "HubSpot contacts",
        [
            inquiry("Ines Quast", "+4915123410201"),
            inquiry("Ruben", "+4915123410202", status="contacted"),
            inquiry("Orth & Co", "+493055501003", status="lost"),
        ],
    ),
    Sample(
        "salesforce_report.csv",
        "Salesforce report of leads, with its last lines",
        [
            inquiry("Hugo Lane", "+14155552671"),
            inquiry("Iris Moss", "+12125552672", status="contacted"),
        ],
        refused=1,
        why="a number with an extension",
    ),
    Sample(
        "zoho_leads.csv",
        "Zoho leads, with the country of each",
        [
            inquiry("Hugo Lane", "+4915123410203", "Wants a cake for fifty", "contacted"),
            inquiry("Iris Moss", "+12125552672", status="lost"),
        ],
    ),
    Sample(
        "pipedrive_deals.csv",
        "Pipedrive deals with their people",
        [
            inquiry("Ines Quast", "+4915123410201", "Wedding cake", "converted"),
            inquiry("Ruben Ott", "+493055501005", "Buffet for 40", "lost"),
            inquiry("Orth & Co", "+493055501003", "Office breakfast"),
        ],
    ),
    Sample(
        "shopify_orders.csv",
        "Shopify orders",
        [
            ("Ines Quast", "+491512341020", "order", "new", "Ring twice\nLemon cake"),
            ("Ruben Ott", "+4915123410202", "order", "new", "Rye bread"),
        ],
        options="--type order",
    ),
    Sample(
        "woocommerce_orders.csv",
        "WooCommerce orders, with the country of each",
        [
            ("Ines Quast", "+4915123410201", "order", "new", "Without nuts please"),
            ("Luis Ibáñez", "+34600000021", "order", "new", ""),
        ],
        options="--type order",
    ),
    Sample(
        "whatsapp_contacts.csv",
        "A list of WhatsApp contacts",
        [inquiry("Kim", "+4915123410110"), inquiry("Luis", "+5215512340111")],
    ),
    Sample(
        "same_names.csv",
        "Two columns of one name",
        [
            ("Dup One", "+4915123410015", "order", "new", "n1\nn2"),
            ("Dup Two", "+4915123410016", "order", "new", "n4"),
        ],
    ),
    Sample(
        "german_excel.csv",
        "Numbers whose leading zero a spreadsheet has lost",
        [
            ("Zero Lost A", "+4915123460001", "order", "new", "01512 3460001 in Excel"),
            ("Zero Lost B", "+4915734660002", "order", "new", "0157 34660002 in Excel"),
            ("Zero Lost C", "+4917634660003", "order", "new", "0176 34660003 in Excel"),
            ("Zero Lost D", "+4916023460004", "order", "new", "0160 23460004 in Excel"),
            ("Zero Lost E", "+4915202460005", "order", "new", "01520 2460005 in Excel"),
        ],
        options="--region DE",
    ),
    Sample(
        "excel_sep.csv",
        "A first line `sep=;`",
        [("Alma One", "+4915123410001", "order", "new", "a")],
    ),
    Sample(
        "invisible_characters.csv",
        "Numbers with invisible characters and rare spaces",
        [
            ("Left Right", "+4915123410017", "order", "new", "a"),
            ("Zero Width", "+4915123410018", "order", "new", "b"),
            ("Isolate", "+4915123410019", "order", "new", "c"),
            ("No Break", "+4915123410020", "order", "new", "d"),
            ("Lrm Mark", "+4915123410021", "order", "new", "e"),
            ("Thin Space", "+4915123410022", "order", "new", "f"),
            ("Wide Space", "+4915123410023", "order", "new", "g"),
            ("Feff Mark", "+4915123410024", "order", "new", "h"),
        ],
    ),
    Sample(
        "own_file.csv",
        "A list with all columns",
        [
            ("Vera Lang", "+4915123431001", "order", "qualified", "Wedding cake, three tiers, no nuts"),
            ("Nora Lang", "+4915123431002", "booking", "converted", "Table for six on Friday"),
            ("Cleo Lang", "+4915123431003", "inquiry", "contacted", "Asked for gluten free"),
        ],
    ),
    Sample(
        "without_type.csv",
        "A list without types",
        [inquiry("Cleo Lang", "+4915123431003", "Asked for gluten free bread")],
    ),
    Sample("statuses.csv", "A list without details", [("Vera Lang", "+4915123431001", "order", "contacted", "")]),
]

LEADS = ["Phone", "Name", "Type", "Notes", "External ID"]
WORKBOOKS = [
    Sample(
        "hidden_first_sheet.xlsx",
        "A workbook whose first sheet is hidden",
        [("Ines Quast", "+4915123410301", "order", "new", "Lemon cake")],
    ),
    Sample(
        "formulas.xlsx",
        "A workbook with formulas whose results were not saved",
        [("Ines Quast", "+4915123410301", "order", "new", "Lemon cake")],
        refused=1,
        why="a formula without its result",
    ),
    Sample(
        "big_ids.xlsx",
        "A workbook whose ids Excel has rounded, which are not read",
        [
            ("Ines Quast", "+4915123410301", "order", "new", "Lemon cake"),
            ("Ines Quast", "+4915123410301", "order", "new", "Rye bread"),
        ],
    ),
]


def make_workbook(path: Path) -> Path:
    """Write the workbook of this name."""
    book = Workbook()
    sheet = book.worksheets[0]
    if path.name == "hidden_first_sheet.xlsx":
        sheet.append(["Types"])
        sheet.sheet_state = "hidden"
        sheet = book.create_sheet("Leads")
        book.active = 1
    sheet.append([*LEADS[:4], "id"] if path.name == "big_ids.xlsx" else LEADS)
    sheet.append(["+4915123410301", "Ines Quast", "order", "Lemon cake"])
    if path.name == "formulas.xlsx":
        sheet.append(["+4915123410302", '=PROPER("ruben ott")', "order", "x"])
    if path.name == "big_ids.xlsx":
        sheet["E2"] = 1.054070000000001e18
        sheet.append(["+4915123410301", "Ines Quast", "order", "Rye bread", 1.054070000000001e18])
    book.save(path)
    return path


@pytest.mark.parametrize("sample", CASES + WORKBOOKS, ids=[sample.file for sample in CASES + WORKBOOKS])
def test_a_sample_is_imported_as_a_person_would_expect(owner, tmp_path, sample: Sample):
    path = make_workbook(tmp_path / sample.file) if sample in WORKBOOKS else SAMPLES / sample.file
    result = import_leads(owner, path, *sample.options.split())
    rows = Lead.objects.order_by("pk").values_list(
        "conversation__customer__name", "conversation__customer__phone", "type", "status", "details"
    )
    assert list(rows) == sample.leads, result
    assert (result.summary["created"], result.summary["failed"]) == (len(sample.leads), sample.refused)


def test_every_sample_has_a_case():
    assert {path.name for path in SAMPLES.iterdir()} == {sample.file for sample in CASES}


def test_the_table_of_the_documentation_is_true():
    text = DOCS.read_text(encoding="utf-8")
    assert "\n".join(sample.line for sample in CASES + WORKBOOKS) in text
