"""A made-up database of the previous system: its tables as a dump, as INSERT statements, and as CSV files."""

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

OWNER = UUID("11111111-1111-4111-8111-111111111111")
COLUMNS = {
    "conversations": ["id", "user_id", "customer_phone", "status", "created_at", "updated_at"],
    "leads": [
        *("id", "user_id", "conversation_id", "type", "customer_name", "customer_phone", "details", "status"),
        "created_at",
    ],
    "messages": ["id", "conversation_id", "content", "sender", "timestamp"],
}
NOON = "2025-03-01 12:00:00+00"


def at(minute: float) -> str:
    """A time on the day of the tests."""
    seconds = round(minute * 60)
    return f"2025-03-01 {12 + seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}+00"


@dataclass
class OldSystem:
    """Rows by table; each method adds one and returns its id."""

    rows: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {"conversations": [], "leads": [], "messages": []}
    )
    columns: dict[str, list[str]] = field(default_factory=lambda: {table: list(own) for table, own in COLUMNS.items()})

    def add(self, table: str, **values: Any) -> UUID:
        values.setdefault("id", uuid4())
        self.rows[table].append(values)
        return values["id"]

    def conversation(self, phone: str | None = "+4915112345678", **values: Any) -> UUID:
        given = {"user_id": OWNER, "status": "active", "created_at": NOON, "updated_at": NOON}
        return self.add("conversations", customer_phone=phone, **given | values)

    def lead(self, conversation_id: UUID | None, phone: str | None = "+4915112345678", **values: Any) -> UUID:
        given = {"user_id": OWNER, "type": "order", "customer_name": "Ana", "details": "A cake", "status": "new"}
        given |= {"created_at": NOON}
        return self.add("leads", conversation_id=conversation_id, customer_phone=phone, **given | values)

    def message(self, conversation_id: UUID | None, content: str = "Hello", **values: Any) -> UUID:
        given = {"sender": "customer", "timestamp": NOON}
        return self.add("messages", conversation_id=conversation_id, content=content, **given | values)

    def cells(self, table: str) -> list[list[str | None]]:
        return [
            [None if row.get(name) is None else str(row[name]) for name in self.columns[table]]
            for row in self.rows[table]
        ]

    def dump(self) -> str:
        """As pg_dump writes it."""
        blocks = ["SET client_encoding = 'UTF8';\n"]
        for table, columns in self.columns.items():
            blocks.append(f"COPY public.{table} ({', '.join(columns)}) FROM stdin;\n")
            blocks += ["\t".join(map(_copied, cells)) + "\n" for cells in self.cells(table)]
            blocks.append("\\.\n\n\n")
        return "".join(blocks)

    def inserts(self) -> str:
        """As `supabase db dump --data-only` writes it."""
        blocks = []
        for table, columns in self.columns.items():
            names = ", ".join(f'"{name}"' for name in columns)
            rows = ["\t(" + ", ".join(map(_quoted, cells)) + ")" for cells in self.cells(table)]
            if rows:
                blocks.append(f'INSERT INTO "public"."{table}" ({names}) VALUES\n' + ",\n".join(rows) + ";\n\n\n")
        return "".join(blocks)

    def write(self, path: Path) -> Path:
        path.write_text(self.dump(), encoding="utf-8", newline="")
        return path

    def write_csv(self, folder: Path) -> Path:
        """As the table editor exports it."""
        folder.mkdir(exist_ok=True)
        for table, columns in self.columns.items():
            text = io.StringIO()
            writer = csv.writer(text)
            writer.writerow(columns)
            writer.writerows([["" if cell is None else cell for cell in cells] for cells in self.cells(table)])
            (folder / f"{table}_rows.csv").write_text(text.getvalue(), encoding="utf-8", newline="")
        return folder


def _copied(cell: str | None) -> str:
    if cell is None:
        return "\\N"
    return cell.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _quoted(cell: str | None) -> str:
    return "NULL" if cell is None else "'" + cell.replace("'", "''") + "'"
