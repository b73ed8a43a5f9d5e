"""Says in a sentence what somebody has changed: "Anna moved it from new to contacted"."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from leadsite.accounts.models import User
from leadsite.audit.history import Changes, action_of, changes_of
from leadsite.audit.models import AuditEntry
from leadsite.core.postgresql.actors import ActorKind
from leadsite.languages.texts import joined

# A longer text is shown below its sentence.
SHORT: Final = 60
MASK: Final = "(secret)"
_PEOPLE: Final = frozenset({"assigned_to", "deleted_by", "person_id"})
_ICONS: Final = {"insert": "add_circle", "update": "edit", "delete": "delete", "restore": "restore_from_trash"}
_WORDS: Final = {
    "external_id": _("external id"),
    "whatsapp_user_id": _("WhatsApp user id"),
    "phone_number_id": _("phone number id"),
    "waba_id": _("WhatsApp Business account id"),
    "encrypted_access_token": _("access token"),
    "encrypted_app_secret": _("app secret"),
    "encrypted_secret": _("signing secret"),
    "former_secrets": _("former signing secret"),
    "encrypted_headers": _("headers"),
    "url": "URL",
}
_CODES: Final = frozenset({"status", "type", "source", "role"})
# What comes along with another change, or means nothing to staff.
_UNSAID: Final = frozenset(
    {
        *("deleted_by", "first_message_id", "import_run_id", "import_line", "former_until", "resumed_at"),
        *("profile_name_at", "marketing_choice_at"),
    }
)
_TIMES: Final = ("_at", "_until", "created", "expiry")
_ACTORS: Final[dict[str, Callable[[str], str]]] = {
    ActorKind.PERSON: lambda name: name or gettext("Somebody"),
    ActorKind.KEY: lambda name: gettext("The API key “%(name)s”") % {"name": name} if name else gettext("An API key"),
    ActorKind.IMPORT: lambda name: gettext("The import of %(name)s") % {"name": name},
    ActorKind.DELIVERY: lambda name: gettext("A message from WhatsApp"),
    ActorKind.SQL: lambda name: gettext("The database role %(name)s") % {"name": name},
    ActorKind.COMMAND: lambda name: gettext("The command %(name)s") % {"name": name},
    ActorKind.WORKER: lambda name: (
        gettext("The worker (%(task)s)") % {"task": name.replace("_", " ")}
        if name != "worker"
        else gettext("The worker")
    ),
}
# Names of rows by their ids, and the fields that have such ids, or lists of them.
Naming = Callable[[Collection[UUID]], Mapping[UUID, str]]
# Of a field: what was done, from the values before and after and the names of ids: "labelled it “Wedding”".
Saying = Callable[[Any, Any, Mapping[str, str]], str]
_NAMED: Final[dict[Naming, frozenset[str]]] = {}
_SENTENCES: Final[dict[str, Saying]] = {}


def say_field(name: str, saying: Saying, *, naming: Naming | None = None) -> None:
    """Let an app that lies above say a change of a field in its own words, with the names of the ids in it."""
    _SENTENCES[name] = saying
    if naming is not None:
        _NAMED[naming] = _NAMED.get(naming, frozenset()) | {name}


@dataclass(frozen=True, slots=True)
class Text:
    """A long text that was changed."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Line:
    """One change on a timeline."""

    at: datetime
    icon: str
    sentence: str
    texts: Sequence[Text]
    request_id: str


def lines_of(entries: Iterable[AuditEntry]) -> list[Line]:
    """Return the lines for changes of rows of one table, in the order given. One query for each kind of names."""
    changed = [(entry, changes_of(entry)) for entry in entries]
    names = _names_of(changed)
    return [_line(entry, changes, names) for entry, changes in changed]


def _people(ids: Collection[UUID]) -> dict[UUID, str]:
    return {pk: person.get_full_name() for pk, person in User.objects.in_bulk(ids).items()}


def _names_of(changed: Iterable[tuple[AuditEntry, Changes]]) -> dict[str, str]:
    names: dict[str, str] = {}
    for naming, fields in {_people: _PEOPLE, **_NAMED}.items():
        ids = {
            UUID(id_)
            for _, changes in changed
            for field, values in changes.items()
            if field in fields
            for value in values
            for id_ in (value if isinstance(value, list) else [value])
            if id_
        }
        names |= {str(id_): name for id_, name in naming(ids).items()} if ids else {}
    return names


def _line(entry: AuditEntry, changes: Changes, names: dict[str, str]) -> Line:
    action = action_of(entry)
    actor = _ACTORS.get(entry.actor_kind, str)(entry.actor_name)
    texts: Sequence[Text] = ()
    if entry.before is None and entry.after is None:
        erased = gettext("What it said has been erased.")
        sentence = f"{str(_DONE[action]) % {'actor': actor}}. {erased}"
    elif action == "insert":
        sentence = _created(entry, actor)
    elif action in ("delete", "restore"):
        sentence = str(_DONE[action]) % {"actor": actor}
    else:
        said = {name: values for name, values in changes.items() if name not in _UNSAID} or changes
        texts = [Text(_word(name), *map(_text, values)) for name, values in said.items() if _is_long(name, values)]
        done = joined([_change(name, values, names) for name, values in said.items()])
        sentence = gettext("%(actor)s %(done)s") % {"actor": actor, "done": done}
    return Line(entry.at, _ICONS[action], sentence, texts, entry.request_id)


_DONE: Final = {
    "insert": _("%(actor)s created it"),
    "update": _("%(actor)s changed it"),
    "delete": _("%(actor)s deleted it"),
    "restore": _("%(actor)s restored it"),
}


def _created(entry: AuditEntry, actor: str) -> str:
    if entry.actor_kind == ActorKind.IMPORT:
        line = entry.after.get("import_line")
        if not line:
            return gettext("Imported from %(name)s") % {"name": entry.actor_name}
        return gettext("Imported from %(name)s, line %(line)s") % {"name": entry.actor_name, "line": line}
    if entry.actor_kind == ActorKind.DELIVERY:
        return gettext("Created by a message from WhatsApp")
    return str(_DONE["insert"]) % {"actor": actor}


def _change(name: str, values: tuple[Any, Any], names: dict[str, str]) -> str:
    before, after = values
    if name == "status":
        return gettext("moved it from %(before)s to %(after)s") % {
            "before": _said(before),
            "after": _said(after),
        }
    if name == "assigned_to":
        return _assigned(
            names.get(before or "", gettext("somebody")), names.get(after or "", gettext("somebody")), values
        )
    if name in _SENTENCES:
        return _SENTENCES[name](before, after, names)
    word = _word(name)
    if MASK in values:
        return gettext("replaced the %(word)s") % {"word": word}
    if isinstance(after, bool):
        return (gettext("turned “%(word)s” on") if after else gettext("turned “%(word)s” off")) % {"word": word}
    return _changed(name, word, before, after)


def _changed(name: str, word: str, before: Any, after: Any) -> str:
    if _is_long(name, (before, after)):
        return gettext("changed the %(word)s") % {"word": word}
    if name in _CODES:
        before, after = _said(before), _said(after)
    if name.endswith(_TIMES):
        before, after = _time(before), _time(after)
    return _short_change(word, _text(before), _text(after))


def _said(code: str | None) -> str:
    return gettext(code) if code else ""


def _short_change(word: str, before: str, after: str) -> str:
    if not before:
        return gettext("set the %(word)s to “%(after)s”") % {"word": word, "after": after}
    return (
        gettext("changed the %(word)s from “%(before)s” to “%(after)s”")
        % {"word": word, "before": before, "after": after}
        if after
        else gettext("removed the %(word)s “%(before)s”") % {"word": word, "before": before}
    )


def _assigned(former: str, present: str, values: tuple[Any, Any]) -> str:
    if values[1] is None:
        return gettext("took it from %(former)s") % {"former": former}
    return (
        gettext("assigned it to %(present)s") % {"present": present}
        if values[0] is None
        else gettext("passed it from %(former)s to %(present)s") % {"former": former, "present": present}
    )


def _is_long(name: str, values: tuple[Any, Any]) -> bool:
    if name in _SENTENCES:
        return False
    return name == "referral" or (MASK not in values and any(len(_text(value)) > SHORT for value in values))


def _word(name: str) -> str:
    return str(_WORDS.get(name) or gettext(name.removesuffix("_id").removesuffix("_at").replace("_", " ")))


def _time(value: str | None) -> str:
    return date_format(timezone.localtime(datetime.fromisoformat(value)), gettext("j M Y, H:i")) if value else ""


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
