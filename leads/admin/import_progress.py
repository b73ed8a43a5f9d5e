"""An import's run in words and numbers for its page."""

from typing import Any, Final

from django.utils.html import format_html
from django.utils.safestring import SafeString

from leads.admin.import_forms import ENCODINGS, ON_DUPLICATE
from leads.importing.batches import Counts
from leads.importing.columns import LABELS
from leads.importing.page_words import page_words
from leads.importing.uploads import UNDER_WAY
from leads.models import ImportRun
from leadsite.adminkit.values import badge

State = ImportRun.State
_COLOURS: Final = {
    State.PREVIEW: "new",
    State.TRYING: "sending",
    State.WAITING: "queued",
    State.RUNNING: "sending",
    State.INTERRUPTED: "unknown",
    State.FAILED: "failed",
    State.FINISHED: "processed",
}
_LABELS: Final = {State.PREVIEW: "Not imported yet", State.TRYING: "Dry run"}
_COUNTED: Final = {"created": "created", "updated": "updated", "skipped": "here already", "failed": "refused"}
_WAITING: Final = "A worker will take it in a moment. If this lasts for minutes, no worker is running."


def label_of(run: ImportRun) -> str:
    return str(_LABELS.get(State(run.state), run.get_state_display()))


def state_badge(run: ImportRun) -> SafeString:
    if run.state == State.FINISHED and run.failed:
        return badge("Finished, some refused", "unknown")
    return badge(label_of(run), _COLOURS.get(State(run.state), ""))


def counts_of(run: ImportRun) -> dict[str, int]:
    """Of a dry run, what it has found so far."""
    source = run.trial or {} if run.state in (State.TRYING, State.PREVIEW) else vars(run)
    return {name: int(source.get(name, 0)) for name in Counts.__slots__}


def progress_of(run: ImportRun) -> dict[str, Any]:
    """What the page asks for each second: leads/static/leads/import.js shows it."""
    waits = run.state == State.WAITING or (run.state == State.TRYING and run.progress is None)
    return {
        "state": run.state,
        "over": run.state not in UNDER_WAY,
        "progress": run.progress or 0.0,
        "words": _WAITING if waits else "",
        **counts_of(run),
    }


def count_words(counts: dict[str, int]) -> str:
    """Such as: 12 rows: 10 created, 2 refused."""
    parts = [f"{counts[name]:,} {words}" for name, words in _COUNTED.items() if counts[name]]
    return f"{counts['read']:,} rows" + (f": {', '.join(parts)}" if parts else "")


def meaning(run: ImportRun) -> str:
    """What the state means, and what to do next."""
    counted = count_words(counts_of(run))
    match run.state:
        case State.FINISHED if run.failed:
            return (
                f"{counted}. Download the refused rows, correct them and import that file: what is in stays as it is."
            )
        case State.FINISHED:
            return f"{counted}. Nothing is left to do."
        case State.INTERRUPTED:
            return f"Stopped after {counted}. What is stored stays; going on begins with the next row."
        case State.FAILED:
            return f"It could not go on after {counted}. {page_words(run.error)}"
        case State.UNDONE:
            return "Taken back: the leads that nobody had touched are gone."
    return ""


def options_in_words(run: ImportRun) -> SafeString:
    """Line by line, how the file was read."""
    options = run.options
    same = ON_DUPLICATE.get(options.get("on_duplicate", ""))
    lines = [f"Leads that are here already: {same[0].lower()}{same[1:]}."] if same else []
    for name, value in sorted(options.get("defaults", {}).items()):
        lines.append(f"{name.capitalize()} where the row has none: {value}.")
    if options.get("region"):
        lines.append(f"Phone numbers without country code are of {options['region']}.")
    if options.get("encoding"):
        lines.append(f"Encoding: {ENCODINGS.get(options['encoding'], options['encoding'])}.")
    for column, name in zip(run.columns, options.get("columns") or [], strict=False):
        if name:
            lines.append(f"“{column[:60]}” is the {LABELS.get(name, name)}.")
    lines.extend(f"{pair} (as said by --map)." for pair in options.get("map") or [])
    return format_html('<span class="block foreign pre-wrap" dir="auto">{}</span>', "\n".join(lines))
