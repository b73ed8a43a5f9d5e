"""Files that the documentation, docstrings and comments name exist, and so do those that documents link to."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
APPS = ("leadsite", "leads", "conversations", "whatsapp", "tests", "docs", "bench")
NAMED = re.compile(rf"(?<![\w/.:<>-])(?:{'|'.join(APPS)})/[\w/.-]*\w\.(?:py|sql|md|html|js|css|yaml)\b")


def sources() -> list[Path]:
    files = [ROOT / "README.md", ROOT / "Makefile", *(ROOT / "docs").glob("*.md")]
    for app in APPS:
        files += [path for path in (ROOT / app).rglob("*") if path.suffix in {".py", ".html", ".sql", ".js"}]
    # Frozen copies of SQL functions are not edited.
    return [path for path in files if "migrations" not in path.parts]


def exists(name: str, source: Path) -> bool:
    """Whether a name is a file below the project's root, or below a folder of templates or static files."""
    app = name.split("/", maxsplit=1)[0]
    folders = (ROOT, source.parent, ROOT / app / "templates", ROOT / app / "static")
    return any((folder / name).exists() for folder in folders)


def test_named_files_exist() -> None:
    named = [(source, name) for source in sources() for name in NAMED.findall(source.read_text(encoding="utf-8"))]
    assert len(named) > 100

    missing = [f"{source.relative_to(ROOT)} names {name}" for source, name in named if not exists(name, source)]
    assert missing == []


def test_links_between_documents_lead_to_files() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    linked = [
        (document, target)
        for document in documents
        for target in re.findall(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    ]
    assert (ROOT / "CONTRIBUTING.md", "SECURITY.md") in linked

    missing = [f"{document.name}: {target}" for document, target in linked if not (document.parent / target).exists()]
    assert missing == []
