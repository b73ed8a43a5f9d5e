"""Conventions of the code: lengths of functions, files and folders, imports, transactions, and where tests are."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

MODULES_OF_A_FOLDER = 16
LINES_OF_A_FUNCTION = 45
LINES_OF_A_FILE = 250
# One file reads the environment; it is a list of settings, read by searching.
LINES_OF_SETTINGS = 330
# Those of section 4, those that columns, defaults, constraints and triggers need, fold_text, which indexes need, and
# those of the audit, which only the owner may write.
SQL_FUNCTIONS = 24
# The rest is tested through its callers: managers through services, parts of the admin through its pages.
TESTED_BY_NAME = 0.75
LINES_OF_A_SQL_FUNCTION = 60
COLUMNS_OF_SQL = 120
# A process takes a second or more, so `make test` starts few. The rest of the tests call the command in this process
# (call_command, tests.site.exit_code), use the fixture served_site, or are in tests/long.
STARTING_PROCESSES = (
    *("subprocess", "tests.browser", "tests.leadsite.demo.demo_process", "tests.leadsite.workers.once"),
    *("tests.leadsite.workers.working", "tests.sessions.processes", "tests.sessions.suspended"),
    *("tests.site.manage", "tests.site.serving"),
)
TESTS_WITH_PROCESSES = {
    "tests/leads/bulk/test_chunks.py",
    "tests/leads/management/commands/test_import_leads.py",
    "tests/leads/services/test_change.py",
    "tests/leads/services/test_create_locks.py",
    "tests/leadsite/core/test_transactions.py",
    "tests/leadsite/management/commands/test_demo.py",
    "tests/leadsite/test_environment.py",
    "tests/leadsite/test_settings.py",
    "tests/leadsite/webhooks/test_queue_suspended.py",
    "tests/test_deployment.py",
    "tests/test_requirements.py",
    "tests/whatsapp/inbound/test_ingest_echoes.py",
    "tests/whatsapp/management/commands/test_replay_deliveries.py",
    "tests/whatsapp/management/commands/test_simulate_whatsapp.py",
    "tests/whatsapp/outbound/test_queue_suspended.py",
}
APPS = ("leadsite", "conversations", "leads", "whatsapp")
# Their resources are viewsets, one class for all operations on a kind of row.
APIS = ("conversations/api", "leads/api", "leadsite/webhooks/api", "whatsapp/outbound/api")


def modules(*folders: str) -> list[Path]:
    """The Python files below these folders, without migrations, from the project's directory."""
    found = [path for folder in folders for path in sorted((settings.BASE_DIR / folder).rglob("*.py"))]
    return [path.relative_to(settings.BASE_DIR) for path in found if "migrations" not in path.parts]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse((settings.BASE_DIR / path).read_text(encoding="utf-8"))


def functions_of(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_folder_has_too_many_modules():
    counts = Counter(path.parent for path in modules(*APPS) if path.stem != "__init__")
    assert {folder: count for folder, count in counts.items() if count > MODULES_OF_A_FOLDER} == {}


def test_no_function_is_too_long():
    lengths = {
        f"{path} {one.name}": (one.end_lineno or 0) - one.lineno + 1
        for path in modules(*APPS, "tests", "bench")
        for one in functions_of(path)
    }
    assert {name: lines for name, lines in lengths.items() if lines > LINES_OF_A_FUNCTION} == {}


def test_no_file_is_too_long():
    files = modules(*APPS, "bench")
    lengths = {path: len((settings.BASE_DIR / path).read_text(encoding="utf-8").splitlines()) for path in files}
    assert lengths.pop(Path("leadsite/settings.py")) <= LINES_OF_SETTINGS
    assert {path: lines for path, lines in lengths.items() if lines > LINES_OF_A_FILE} == {}


def test_no_script_is_too_long():
    """All of them are ours: those of others come with packages."""
    scripts = [path for app in APPS for path in (settings.BASE_DIR / app).glob("**/static/**/*.js")]
    assert len(scripts) > 15
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in scripts}
    assert {path.name: lines for path, lines in lengths.items() if lines > LINES_OF_A_FILE} == {}


@pytest.fixture
def sql_functions(db: None) -> dict[str, str]:
    """The definitions of our functions in the database: procrastinate's and those of extensions are not ours."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT proname, pg_get_functiondef(p.oid) FROM pg_proc p
            WHERE pronamespace = 'public'::regnamespace AND proname !~ '^procrastinate_' AND prokind <> 'a'
            AND NOT EXISTS
                (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e')
            """
        )
        return dict(cursor.fetchall())


def test_sql_functions_are_few_and_short(sql_functions: dict[str, str]):
    lengths = {name: len(text.splitlines()) for name, text in sql_functions.items()}
    assert {name: lines for name, lines in lengths.items() if lines > LINES_OF_A_SQL_FUNCTION} == {}
    assert len(lengths) <= SQL_FUNCTIONS, sorted(lengths)
    found = [path for app in APPS for path in (settings.BASE_DIR / app).rglob("sql/*.sql")]
    files = [path for path in found if "migrations" not in path.parts]
    assert len(files) >= len(lengths)
    widths = {path.name: max(map(len, path.read_text("utf-8").splitlines())) for path in files}
    assert {name: columns for name, columns in widths.items() if columns > COLUMNS_OF_SQL} == {}


@pytest.mark.parametrize(("table", "in_python"), [("leads", 1), ("conversations", 2)])
def test_rows_are_inserted_by_one_statement_in_python_and_by_one_in_sql(
    table: str, in_python: int, sql_functions: dict[str, str]
):
    """The one in SQL is that of the functions for SQL clients. Conversations of another system (openings.py,
    _INSERT_PAST) have a second one in Python, because they come with their ids and join none.
    """
    inserts = re.compile(rf"\bINSERT\s+INTO\s+(?:public\.)?\"?{table}\b", re.IGNORECASE)
    sources = {str(path): (settings.BASE_DIR / path).read_text("utf-8") for path in modules(*APPS)}
    for texts, expected in ((sources, in_python), (sql_functions, 1)):
        found = {name: len(inserts.findall(text)) for name, text in texts.items() if inserts.search(text)}
        assert list(found.values()) == [expected], found


def test_imports_are_at_the_top():
    for path in modules(*APPS, "tests", "bench"):
        tree = tree_of(path)
        imports = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        at_top = [node.lineno for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        assert sorted(imports) == at_top, path


def test_each_api_is_made_of_viewsets():
    for folder in APIS:
        text = (settings.BASE_DIR / folder / "viewsets.py").read_text(encoding="utf-8")
        assert "ViewSet" in text


def test_transactions_are_opened_by_services_and_not_by_entry_points():
    """rotate_tokens calls two apps that do not know each other; verify_transactions shows what a transaction does."""
    entry_points = [path for path in modules(*APPS) if {"api", "admin", "commands"} & {*path.parts, path.stem}]
    assert len(entry_points) > 40
    opening = [path.stem for path in entry_points if "atomic(" in (settings.BASE_DIR / path).read_text("utf-8")]
    assert sorted(opening) == ["rotate_tokens", "verify_transactions"]


def mirrored(test: Path) -> list[Path]:
    """The modules that test_<module> or test_<module>_<aspect> in the same folder, or below long/, may be about."""
    parts = [part for part in test.parts[1:-1] if part != "long"]
    words = test.stem.removeprefix("test_").split("_")
    names = ["_".join(words[:count]) for count in range(len(words), 0, -1)]
    folder = Path(*parts)
    return [place for name in names for place in (folder / f"{name}.py", folder / name)]


def test_tests_are_in_the_same_tree_as_the_code():
    """Those in tests/, tests/long/ itself and its faults/ are about the whole, or about what only tests use."""
    whole = {Path("tests"), Path("tests/long"), Path("tests/long/faults")}
    tests = [path for path in modules("tests") if path.stem.startswith("test_") and path.parent not in whole]
    assert len(tests) > 80
    assert [path for path in tests if not any((settings.BASE_DIR / place).exists() for place in mirrored(path))] == []


def test_most_modules_have_tests_named_after_them():
    """tests/<folder>/test_<module>.py, or test_<module>_<aspect>.py; of modules that have a function."""
    by_folder: dict[tuple[str, ...], set[str]] = {}
    for test in modules("tests"):
        folder = tuple(part for part in test.parts[1:-1] if part != "long")
        by_folder.setdefault(folder, set()).add(f"{test.stem}_")
    wanted = [path for path in modules(*APPS) if path.stem != "__init__" and any(functions_of(path))]
    without = [
        str(path)
        for path in wanted
        if not any(name.startswith(f"test_{path.stem}_") for name in by_folder.get(path.parts[:-1], ()))
    ]
    assert len(without) <= (1 - TESTED_BY_NAME) * len(wanted), without


def imported_names(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_few_tests_outside_of_long_start_processes():
    tests = [path for path in modules("tests") if path.stem.startswith("test_") and "long" not in path.parts]
    starting = {str(path) for path in tests if imported_names(path) & set(STARTING_PROCESSES)}
    assert starting == TESTS_WITH_PROCESSES, "Could it be tested in this process, or is it one for tests/long?"


# A left or right of its own: mirrored pages, as in Arabic or Hebrew, need `inline-start` and `inline-end`.
_SIDE = re.compile(
    r"(?:margin|padding|border|scroll-margin|scroll-padding|inset)-(?:left|right)\b"
    r"|border-(?:top|bottom)-(?:left|right)-radius|(?<![\w-])(?:left|right|float|clear)\s*:|text-align:\s*(?:left|right)\b"
    r"|translateX"
)
# Top, right, bottom, left; or the four corners from the top left.
_FOUR_SIDES = re.compile(r"(?<![\w-])(margin|padding|inset|border-(?:width|color|style|radius))\s*:\s*([^;{}]+);")
_VALUE = re.compile(r"(?:[^\s()]|\([^()]*(?:\([^()]*\)[^()]*)*\))+")


def physical_sides(css: str) -> Iterator[str]:
    """The declarations that name a left or right, with their lines."""
    for number, line in enumerate(css.splitlines(), 1):
        if _SIDE.search(line.partition("/*")[0]):
            yield f"{number}: {line.strip()}"
    for found in _FOUR_SIDES.finditer(css):
        values = _VALUE.findall(found[2])
        pairs = [(0, 1), (2, 3)] if "radius" in found[1] else [(1, 3)]
        if len(values) == 4 and any(values[one] != values[other] for one, other in pairs):
            yield f"{css.count(chr(10), 0, found.start()) + 1}: {found[0]}"


def test_styles_name_no_physical_side():
    sheets = [path for app in APPS for path in (settings.BASE_DIR / app).glob("**/static/**/*.css")]
    assert len(sheets) > 5
    found = {path.name: list(physical_sides(path.read_text(encoding="utf-8"))) for path in sheets}
    assert {name: lines for name, lines in found.items() if lines} == {}
