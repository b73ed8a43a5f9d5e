"""Says in a sentence what somebody has changed: "Anna moved it from new to contacted"."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from leadsite.accounts.models import User
from leadsite.audit.history import Changes, action_of, changes_of
from leadsite.audit.models import AuditEntry
from leadsite.core.postgresql.actors import ActorKind

# A longer text is shown below its sentence.
SHORT: Final = 60
MASK: Final = "(secret)"
_PEOPLE: Final = frozenset({"assigned_to", "deleted_by", "person_id"})
_ICONS: Final = {"insert": "add_circle", "update": "edit", "delete": "delete", "restore": "restore_from_trash"}
_WORDS: Final = {
    "external_id": "external id",
    "whatsapp_user_id": "WhatsApp user id",
    "phone_number_id": "phone number id",
    "waba_id": "WhatsApp Business account id",
    "encrypted_access_token": "access token",
    "encrypted_app_secret": "app secret",
    "encrypted_secret": "signing secret",
    "former_secret": "former signing secret",
    "encrypted_headers": "headers",
    "url": "URL",
}
# What comes along with another change, or means nothing to staff.
_UNSAID: Final = frozenset(
    {"deleted_by", "first_message_id", "import_run_id", "import_line", "former_until", "resumed_at"}
)
_ACTORS: Final[dict[str, Callable[[str], str]]] = {
    ActorKind.PERSON: lambda name: name or "Somebody",
    ActorKind.KEY: lambda name: f"The API key “{name}”" if name else "An API key",
    ActorKind.IMPORT: lambda name: f"The import of {name}",
    ActorKind.DELIVERY: lambda name: "A message from WhatsApp",
    ActorKind.SQL: lambda name: f"The database role {name}",
    ActorKind.COMMAND: lambda name: f"The command {name}",
    ActorKind.WORKER: lambda name: f"The worker ({name.replace('_', ' ')})" if name != "worker" else "The worker",
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
        sentence = f"{actor} {_DONE[action]} it. What it said has been erased."
    elif action == "insert":
        sentence = _created(entry, actor)
    elif action in ("delete", "restore"):
        sentence = f"{actor} {_DONE[action]} it"
    else:
        said = {name: values for name, values in changes.items() if name not in _UNSAID} or changes
        texts = [Text(_word(name), *map(_text, values)) for name, values in said.items() if _is_long(name, values)]
        sentence = f"{actor} {_joined([_change(name, values, names) for name, values in said.items()])}"
    return Line(entry.at, _ICONS[action], sentence, texts, entry.request_id)


_DONE: Final = {"insert": "created", "update": "changed", "delete": "deleted", "restore": "restored"}


def _created(entry: AuditEntry, actor: str) -> str:
    if entry.actor_kind == ActorKind.IMPORT:
        line = entry.after.get("import_line")
        return f"Imported from {entry.actor_name}{f', line {line}' if line else ''}"
    if entry.actor_kind == ActorKind.DELIVERY:
        return "Created by a message from WhatsApp"
    return f"{actor} created it"


def _change(name: str, values: tuple[Any, Any], names: dict[str, str]) -> str:
    before, after = values
    if name == "status":
        return f"moved it from {before} to {after}"
    if name == "assigned_to":
        return _assigned(names.get(before or "", "somebody"), names.get(after or "", "somebody"), values)
    if name in _SENTENCES:
        return _SENTENCES[name](before, after, names)
    word = _word(name)
    if MASK in values:
        return f"replaced the {word}"
    if isinstance(after, bool):
        return f"turned “{word}” {'on' if after else 'off'}"
    return f"changed the {word}" if _is_long(name, values) else _short_change(word, _text(before), _text(after))


def _short_change(word: str, before: str, after: str) -> str:
    if not before:
        return f"set the {word} to “{after}”"
    return f"changed the {word} from “{before}” to “{after}”" if after else f"removed the {word} “{before}”"


def _assigned(former: str, present: str, values: tuple[Any, Any]) -> str:
    if values[1] is None:
        return f"took it from {former}"
    return f"assigned it to {present}" if values[0] is None else f"passed it from {former} to {present}"


def _is_long(name: str, values: tuple[Any, Any]) -> bool:
    if name in _SENTENCES:
        return False
    return name == "referral" or (MASK not in values and any(len(_text(value)) > SHORT for value in values))


def _word(name: str) -> str:
    return _WORDS.get(name) or name.removesuffix("_id").removesuffix("_at").replace("_", " ")


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
