"""Calls manage.py import_leads and undo_import in this process."""

import json
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command

from tests.factories import Business

HEADER = "Phone,Name,Type,Notes,External ID"


@dataclass(frozen=True)
class CommandResult:
    """The exit code, the JSON summary and the error message of a command."""

    code: int
    summary: dict[str, Any]
    error: str

    @property
    def counts(self) -> dict[str, int]:
        return {name: self.summary[name] for name in ("read", "created", "updated", "skipped", "failed")}


def run(command: str, *arguments: Any) -> CommandResult:
    out, error, code = StringIO(), "", 0
    try:
        call_command(command, *map(str, arguments), "--json", stdout=out)
    except CommandError as refusal:
        code, error = refusal.returncode, str(refusal)
    return CommandResult(code, json.loads(out.getvalue() or "{}"), error)


def import_leads(owner: Business, file: Path | str, *options: Any) -> CommandResult:
    return run("import_leads", file, "--user", owner.user.email, *options)


def write(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def counts(**named: int) -> dict[str, int]:
    """The counts of a summary; those not named are 0."""
    return {"read": sum(named.values()), "created": 0, "updated": 0, "skipped": 0, "failed": 0} | named
