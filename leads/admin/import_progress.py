"""State, counts and options of an import as text for its page."""

from typing import Any, Final

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from leads.admin.import_choices import ENCODINGS, ON_DUPLICATE
from leads.importing.batches import Counts
from leads.importing.columns.fields import LABELS
from leads.importing.page_messages import page_message
from leads.importing.uploads import IN_PROGRESS
from leads.models import ImportRun
from leadsite.adminkit.values import WAITS_FOR_WORKER, badge
from leadsite.languages.texts import number

State = ImportRun.State
_COLOURS: Final = {
    State.PREVIEW: "new",
    State.TRYING: "sending",
    State.WAITING: "queued",
    State.RUNNING: "sending",
    State.INTERRUPTED: "unknown",
    State.FAILED: "failed",
    State.FINISHED: "processed",
    State.UNDOING: "sending",
}
_LABELS: Final = {State.PREVIEW: _("Not imported yet"), State.TRYING: _("Dry run")}
_COUNTED: Final = {
    "created": pgettext_lazy("leads", "created"),
    "updated": _("updated"),
    "skipped": _("already exist"),
    "failed": _("refused"),
}
_UNDO: Final = {
    State.UNDOING: _(
        "The command undo_import removes the leads of this import, and gives back what it changed in others."
        " If that was interrupted, run the command again: it undoes what is left."
    ),
    State.UNDONE: _(
        "Undone: the leads of this import were removed, and those that it updated are as before."
        " What had been changed since stays."
    ),
}
_READING: Final = _("A worker reads the first rows. If this takes longer than two minutes, no worker is running.")


def label_of(run: ImportRun) -> str:
    return str(_LABELS.get(State(run.state), run.get_state_display()))


def state_badge(run: ImportRun) -> SafeString:
    if run.state == State.FINISHED and run.failed:
        return badge(gettext("Finished, some refused"), "unknown")
    return badge(label_of(run), _COLOURS.get(State(run.state), ""))


def counts_of(run: ImportRun) -> dict[str, int]:
    """The run's counts; during and after a dry run, those of the dry run."""
    source = run.trial or {} if run.state in (State.TRYING, State.PREVIEW) else vars(run)
    return {name: int(source.get(name, 0)) for name in Counts.__slots__}


def progress_of(run: ImportRun) -> dict[str, Any]:
    """The numbers that leads/static/leads/import.js requests every second."""
    unread = run.state == State.PREVIEW and run.preview is None
    waits = run.state == State.WAITING or (run.state == State.TRYING and run.progress is None)
    return {
        "state": run.state,
        "over": run.state not in IN_PROGRESS and not unread,
        "progress": run.progress or 0.0,
        "words": str(_READING if unread else WAITS_FOR_WORKER if waits else ""),
        **counts_of(run),
    }


def describe_counts(counts: dict[str, int]) -> str:
    """For example: 12 rows: 10 created, 2 refused."""
    parts = [f"{number(counts[name])} {words}" for name, words in _COUNTED.items() if counts[name]]
    return ngettext("%(count)s row", "%(count)s rows", counts["read"]) % {"count": number(counts["read"])} + (
        f": {', '.join(parts)}" if parts else ""
    )


def meaning(run: ImportRun) -> str:
    """What the state of the run means, and the next step."""
    counted = describe_counts(counts_of(run))
    match run.state:
        case State.FINISHED if run.failed:
            return gettext(
                "%(counted)s. Download the refused rows, correct them and import that file; stored rows stay."
            ) % {"counted": counted}
        case State.FINISHED:
            return gettext("%(counted)s. Nothing is left to do.") % {"counted": counted}
        case State.INTERRUPTED:
            return gettext("Stopped after %(counted)s. Stored rows stay; “Continue” resumes with the next row.") % {
                "counted": counted
            }
        case State.FAILED:
            return gettext("Failed after %(counted)s. %(error)s") % {
                "counted": counted,
                "error": page_message(run.error),
            }
    return str(_UNDO.get(State(run.state), ""))


def describe_options(run: ImportRun) -> SafeString:
    """The options for reading the file, one per line."""
    options = run.options
    same = ON_DUPLICATE.get(options.get("on_duplicate", ""))
    lines = (
        [gettext("Leads that exist already: %(what)s.") % {"what": str(same)[0].lower() + str(same)[1:]}]
        if same
        else []
    )
    for name, value in sorted(options.get("defaults", {}).items()):
        lines.append(
            gettext("%(field)s of new leads whose row has none: %(value)s.")
            % {"field": capfirst(gettext(name)), "value": value}
        )
    lines.extend(
        gettext("Blank cells empty the %(field)s.") % {"field": gettext(LABELS.get(name, name))}
        for name in options.get("blank_clears", [])
    )
    if options.get("region"):
        lines.append(gettext("Phone numbers without country code are of %(region)s.") % {"region": options["region"]})
    for name, meanings in sorted(options.get("values", {}).items()):
        lines.extend(
            gettext("%(field)s “%(value)s” is %(meaning)s.")
            % {"field": capfirst(gettext(name)), "value": value[:60], "meaning": ours}
            for value, ours in meanings.items()
        )
    if options.get("encoding"):
        lines.append(
            gettext("Encoding: %(encoding)s.") % {"encoding": ENCODINGS.get(options["encoding"], options["encoding"])}
        )
    for column, name in zip(run.columns, options.get("columns") or [], strict=False):
        if name:
            lines.append(
                gettext("“%(column)s” is: %(field)s.")
                % {"column": column[:60], "field": gettext(LABELS.get(name, name))}
            )
    lines.extend(gettext("%(pair)s (option --map).") % {"pair": pair} for pair in options.get("map") or [])
    if options.get("sheet"):
        lines.append(gettext("Sheet: “%(name)s”.") % {"name": options["sheet"][:60]})
    if options.get("header_row"):
        lines.append(gettext("The names of the columns are in line %(line)s.") % {"line": options["header_row"]})
    lines.extend(map(page_message, run.notes))
    return format_html('<span class="block foreign pre-wrap" dir="auto">{}</span>', "\n".join(lines))
