"""The blocks of commands in the documentation, as a reader copies them."""

import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

REASON = re.compile(r"<!-- not run: (.+?) -->")


@dataclass(frozen=True)
class Block:
    line: int
    text: str
    reason: str  # why no test runs it; "" where one does


def blocks(path: Path) -> list[Block]:
    """The indented blocks of a document, in order. What stands in a comment before a block is why it is not run."""
    found: list[Block] = []
    lines: list[str] = []
    reason, first, blank = "", 0, True
    for number, line in enumerate([*path.read_text(encoding="utf-8").splitlines(), "end"], start=1):
        if line.startswith("    ") and (blank or lines):
            first = first if lines else number
            lines.append(line)
        elif not line and lines:
            lines.append("")
        elif line:
            if lines:
                found.append(Block(first, dedent("\n".join(lines)).strip("\n"), reason))
                reason, lines = "", []
            if marked := REASON.search(line):
                reason = marked[1]
        blank = not line
    return found


def section(path: Path, title: str) -> list[Block]:
    """The blocks below one title, up to the next of its level."""
    text = path.read_text(encoding="utf-8")
    level = re.search(rf"^(#+) {re.escape(title)}$", text, re.MULTILINE)
    assert level, title
    starts = text[: level.start()].count("\n") + 1
    following = re.search(rf"^#{{1,{len(level[1])}}} ", text[level.end() :], re.MULTILINE)
    ends = text[: level.end() + following.start()].count("\n") if following else text.count("\n") + 1
    return [block for block in blocks(path) if starts < block.line <= ends]


DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/*.md")
# What a block of commands begins with; others are answers, SQL, code and pictures.
_WORDS = r"sudo|curl|make|pip|python3?|granian|docker|install|supabase|cd|deploy/\S+|\.venv/bin/\S+"
_COMMAND = re.compile(rf"(?:[A-Z_]+=\S+[ \n])*(?:{_WORDS})\b")


def is_command(block: Block) -> bool:
    return _COMMAND.match(block.text) is not None


def commands(root: Path) -> dict[Path, list[Block]]:
    """The blocks of commands of each document."""
    paths = [path for pattern in DOCUMENTS for path in sorted(root.glob(pattern))]
    found = {path: [block for block in blocks(path) if is_command(block)] for path in paths}
    return {path: listed for path, listed in found.items() if listed}
