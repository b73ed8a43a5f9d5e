"""Imports point one way, from leadsite down to leadsite.core: ALLOWED lists the allowed ones."""

import ast
from pathlib import Path

from django.conf import settings

# The project's packages that a package may import, beside itself.
LANGUAGES = {"leadsite.languages"}
GROUND_FLOOR = LANGUAGES | {
    "leadsite.core",
    "leadsite.adminkit",
    "leadsite.accounts",
    "leadsite.rest",
    "leadsite.audit",
}
ALLOWED = {
    "leadsite.languages": set(),
    "leadsite.core": LANGUAGES,
    "leadsite.adminkit": LANGUAGES | {"leadsite.core"},
    "leadsite.accounts": LANGUAGES | {"leadsite.core", "leadsite.adminkit"},
    "leadsite.rest": LANGUAGES | {"leadsite.core", "leadsite.accounts"},
    "leadsite.audit": LANGUAGES | {"leadsite.core", "leadsite.accounts", "leadsite.adminkit", "leadsite.rest"},
    "leadsite.demo.embedded": set(),
    "conversations": GROUND_FLOOR,
    "leads": GROUND_FLOOR | {"conversations"},
    "whatsapp": GROUND_FLOOR | {"conversations", "leads"},
    "leadsite.webhooks": GROUND_FLOOR | {"conversations", "leads"},
    "leadsite.monitoring": GROUND_FLOOR,
    "leadsite.privacy": GROUND_FLOOR
    | {"conversations", "leads", "whatsapp", "leadsite.webhooks", "leadsite.monitoring"},
    "leadsite": GROUND_FLOOR
    | {"leadsite.demo.embedded", "leadsite.monitoring", "leadsite.privacy", "leadsite.webhooks"}
    | {"conversations", "leads", "whatsapp"},
}
NEVER_IMPORTED = {"tests", "bench"}

# Variables of docker-compose.yml that the site does not read.
FOR_COMPOSE = {"DATABASE_OWNER_PASSWORD", "DATABASE_PASSWORD", "DATABASE_SQL_PASSWORD", "POSTGRES_PASSWORD"}


def sources() -> list[Path]:
    folders = ("leadsite", "conversations", "leads", "whatsapp")
    return [path for folder in folders for path in sorted((settings.BASE_DIR / folder).rglob("*.py"))]


def package_of(module: str) -> str | None:
    """The longest of our packages that the module is in."""
    fitting = [name for name in ALLOWED if module == name or module.startswith(f"{name}.")]
    return max(fitting, key=len, default=None)


def imported_modules(path: Path) -> set[str]:
    modules = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {f"{node.module}.{alias.name}" for alias in node.names}
    return modules


def may_import(module: str, imported: str) -> bool:
    own = package_of(module)
    assert own is not None, module
    return imported.partition(".")[0] not in NEVER_IMPORTED and package_of(imported) in {None, own} | ALLOWED[own]


def test_a_module_imports_only_what_lies_below_it():
    arrows = [
        (".".join(path.relative_to(settings.BASE_DIR).with_suffix("").parts), imported)
        for path in sources()
        for imported in sorted(imported_modules(path))
    ]
    assert len(arrows) > 1000
    wrong = [f"{module} must not import {imported}" for module, imported in arrows if not may_import(module, imported)]
    assert wrong == []


def test_only_settings_reads_the_environment():
    """The supervisor and the embedded server pass the environment on; they read no setting from it."""
    reading = ("os.getenv", "os.environ[", "os.environ.get(")
    texts = {str(path.relative_to(settings.BASE_DIR)): path.read_text(encoding="utf-8") for path in sources()}
    assert [name for name, text in texts.items() if any(words in text for words in reading)] == []


def test_the_environment_example_lists_every_variable_that_settings_reads():
    read = set()
    tree = ast.parse((settings.BASE_DIR / "leadsite" / "settings.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "env"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            read.add(node.args[0].value)
    example = (settings.BASE_DIR / ".env.example").read_text(encoding="utf-8")
    listed = [line.lstrip("# ").partition("=")[0] for line in example.splitlines() if "=" in line]
    assert listed == sorted(listed)
    # `make run` sets these itself.
    assert read - {"DEMO_PASSWORD", "LEADSITE_DEMO"} == set(listed) - FOR_COMPOSE


def test_only_the_clock_reads_this_machines_clock():
    """What is stored, and compared with what is stored, has the database's time: leadsite/core/clock.py."""
    readers = ("timezone.now(", "datetime.now(", "datetime.utcnow(", "time.time(", "time.time_ns(", "date.today(")
    own = {"leadsite/core/clock.py", "leadsite/worker.py"}  # the worker's are procrastinate's own times
    for path in sources():
        name = str(path.relative_to(settings.BASE_DIR))
        if name not in own and not name.startswith(("leadsite/demo/", "whatsapp/simulator/")):
            assert not [reader for reader in readers if reader in path.read_text(encoding="utf-8")], name
