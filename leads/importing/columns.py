"""Maps the columns of a file to the fields of a lead, by their names or as chosen by a person."""

import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

FIELDS: Final = ("customer_phone", "customer_name", "type", "details", "status", "external_id")
REQUIRED: Final = ("customer_phone", "customer_name")
LABELS: Final[Mapping[str, str]] = {
    "customer_phone": "customer's phone",
    "customer_name": "customer's name",
    "type": "type",
    "details": "details",
    "status": "status",
    "external_id": "external id",
}

# In order of preference: of two columns for one field, the one with the earlier name is used. The names are in the form
# that _folded() returns. "id" alone is missing on purpose: it is often only a row number, and row 17 of the next file
# would then be the same lead as row 17 of this one. `--map id=external_id` maps it.
_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "customer_phone": (
        *("customerphone", "customerphonenumber", "whatsapp", "whatsappnumber", "whatsappphone", "waid"),
        *("mobile", "mobilephone", "mobilenumber", "mobileno", "cell", "cellphone", "cellular"),
        *("phone", "phonenumber", "phoneno", "telephone", "telephonenumber", "tel", "telno", "msisdn"),
        *("contactnumber", "contactphone", "phone1", "phone1value"),
        *("handy", "handynummer", "mobil", "mobilnummer", "mobiltelefon", "telefon", "telefonnummer", "rufnummer"),
        *("celular", "movil", "telefono", "numerodetelefono", "telefone", "telemovel"),
        *("portable", "numerodetelephone", "cellulare"),
    ),
    "customer_name": (
        *("customername", "fullname", "contactname", "leadname", "clientname", "name", "customer", "contact"),
        *("client", "displayname", "kundenname", "vollstandigername", "kunde"),
        *("nombrecompleto", "nombreyapellidos", "cliente", "nomecompleto", "nomcomplet"),
    ),
    "type": ("type", "leadtype", "leadkind", "kind", "requesttype", "art", "anfrageart", "leadtyp", "typ", "tipo"),
    "details": (
        *("details", "detail", "message", "notes", "note", "comment", "comments", "description", "inquiry", "request"),
        *("nachricht", "notiz", "notizen", "bemerkung", "bemerkungen", "kommentar", "beschreibung", "anfrage"),
        *("mensaje", "notas", "nota", "comentario", "comentarios", "detalles", "descripcion", "mensagem"),
        *("detalhes", "commentaire", "remarques"),
    ),
    "status": ("status", "leadstatus", "state", "stage", "leadstage", "estado", "statut"),
    "external_id": (
        *("externalid", "externalreference", "externalref", "externalleadid", "crmid", "reference", "referencenumber"),
        *("referenz", "referenznummer", "referencia"),
    ),
}
# "nombre" and "nome" are the whole name where no column has a last name.
_FIRST_NAMES: Final = ("firstname", "givenname", "forename", "vorname", "primernombre", "prenom", "nombre", "nome")
_LAST_NAMES: Final = ("lastname", "familyname", "surname", "nachname", "apellido", "apellidos", "sobrenome")
# Limits of a message about columns: a file without a header has a customer's data instead of column names.
_SHOWN_COLUMNS: Final = 30
_SHOWN_LETTERS: Final = 40


class UnknownColumns(Exception):
    """Columns of a lead are missing or ambiguous; the message lists the file's columns and says how to map them."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that the fields of a lead are read from.

    `pick(cells)` returns the values of `fields` in their order. `names` has the column name of each field, for a
    preview; `ignored` are the columns that are not read.
    """

    fields: tuple[str, ...]
    pick: Callable[[Sequence[str]], tuple[str, ...]]
    names: dict[str, str]
    ignored: tuple[str, ...]


def map_columns(
    header: Sequence[str], mapping: Mapping[str, str], *, defaults: Collection[str], updates: bool = False
) -> Columns:
    """Find the fields of a lead in a file's header.

    `mapping` is column -> field as given by a person; it overrides the known names. `defaults` are the fields that
    need no column. With `updates`, the phone or the external id is enough to find a lead. First and last name are
    joined where no column has the customer's whole name; of two columns with the same known name the first is used.

    Raises UnknownColumns for a mapping with an unknown column or field, or with one of them twice, and where a
    required field has no column.
    """
    places = _places(header, mapping)
    if missing := _missing(places, defaults, updates=updates):
        raise UnknownColumns(
            f"No column for {' and '.join(missing)}. {_found(header)} Name the column, for example"
            f" --map 'COLUMN={missing[0]}'."
        )
    return _columns(header, places)


def guess_fields(header: Sequence[str]) -> list[str | None]:
    """Return for each column the field that map_columns would read from it; a person may correct it (place_columns)."""
    fields: list[str | None] = [None] * len(header)
    for field, indexes in _places(header, {}).items():
        for index in indexes:
            fields[index] = field
    return fields


def place_columns(
    header: Sequence[str], fields: Sequence[str | None], *, defaults: Collection[str], updates: bool = False
) -> Columns:
    """Map columns to the fields that a person chose; a column with None is not read. Only the customer's name may
    have several columns, which are joined.

    Raises UnknownColumns where a required field has no column, and for another field that is chosen twice.
    """
    places: dict[str, tuple[int, ...]] = {}
    for index, field in enumerate(fields[: len(header)]):
        if field is not None:
            places[field] = (*places.get(field, ()), index)
    for field, indexes in places.items():
        if field not in FIELDS:
            raise UnknownColumns(f"There is no field “{field}”.")
        if len(indexes) > 1 and field != "customer_name":
            raise UnknownColumns(f"{len(indexes)} columns are mapped to the {LABELS[field]}. Choose one.")
    if missing := _missing(places, defaults, updates=updates):
        labels = " or the ".join(LABELS[field] for field in missing)
        raise UnknownColumns(f"No column is the {labels}. Choose it above its column.")
    return _columns(header, places)


def _missing(places: Collection[str], defaults: Collection[str], *, updates: bool) -> list[str]:
    """The fields that need a column and have none."""
    if updates and ("external_id" in places or "customer_phone" in places):
        return []
    return [field for field in REQUIRED if field not in places and field not in defaults]


def _places(header: Sequence[str], mapping: Mapping[str, str]) -> dict[str, tuple[int, ...]]:
    """The indexes of each field's columns: those that a person mapped, and those with known names."""
    places = _mapped(header, mapping)
    folded = [_folded(name) for name in header]
    taken = {index for indexes in places.values() for index in indexes}
    for field, aliases in _ALIASES.items():
        if field not in places and (index := _find(folded, aliases, taken)) is not None:
            places[field] = (index,)
    if "customer_name" not in places:
        parts = (_find(folded, _FIRST_NAMES, taken), _find(folded, _LAST_NAMES, taken))
        if found := tuple(index for index in parts if index is not None):
            places["customer_name"] = found
    return places


def _columns(header: Sequence[str], places: Mapping[str, tuple[int, ...]]) -> Columns:
    fields = tuple(field for field in FIELDS if field in places)
    read = {index for indexes in places.values() for index in indexes}
    return Columns(
        fields=fields,
        pick=_picker([places[field] for field in fields]),
        names={field: " + ".join(header[index] for index in places[field]) for field in fields},
        ignored=tuple(name for index, name in enumerate(header) if index not in read and name.strip()),
    )


def _mapped(header: Sequence[str], mapping: Mapping[str, str]) -> dict[str, tuple[int, ...]]:
    """The columns that a person mapped, found by their exact names or else by their folded names."""
    places: dict[str, tuple[int, ...]] = {}
    for column, field in mapping.items():
        if field not in FIELDS:
            raise UnknownColumns(f"There is no field “{field}”. The fields are {', '.join(FIELDS)}.")
        if field in places:
            raise UnknownColumns(f"Two columns are mapped to {field}. Name one.")
        indexes = [index for index, name in enumerate(header) if name.strip() == column.strip()]
        if not indexes and _folded(column):
            indexes = [index for index, name in enumerate(header) if _folded(name) == _folded(column)]
        if not indexes:
            raise UnknownColumns(f"The file has no column “{column}”. {_found(header)}")
        if len(indexes) > 1:
            raise UnknownColumns(f"The file has {len(indexes)} columns “{column}”. Rename the one to be read.")
        if (indexes[0],) in places.values():
            raise UnknownColumns(f"The column “{column}” is mapped twice. It can be only one field.")
        places[field] = (indexes[0],)
    return places


def _find(folded: Sequence[str], aliases: Sequence[str], taken: Collection[int]) -> int | None:
    """The first column of the earliest alias that the file has."""
    for alias in aliases:
        for index, name in enumerate(folded):
            if name == alias and index not in taken:
                return index
    return None


def field_of(name: str) -> str | None:
    """Return the field that a column of this name is read as, or None."""
    folded = _folded(name)
    return next((field for field, aliases in _ALIASES.items() if folded in aliases), None)


def _folded(name: str) -> str:
    """The name without case, accents, spaces and punctuation: "Teléfono *" and "TELEFONO" are the same."""
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    return "".join(filter(str.isalnum, decomposed))


def _found(header: Sequence[str]) -> str:
    names = [name.strip()[:_SHOWN_LETTERS] for name in header if name.strip()]
    more = ", …" if len(names) > _SHOWN_COLUMNS else ""
    return f"The file's columns are {', '.join(f'“{name}”' for name in names[:_SHOWN_COLUMNS])}{more}."


def _picker(places: Sequence[tuple[int, ...]]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Return a function from a row's cells to one value per field; several columns of a field are joined by a space."""
    if len(places) > 1 and all(len(indexes) == 1 for indexes in places):
        # The usual case, for which itemgetter is much faster.
        return itemgetter(*(index for indexes in places for index in indexes))
    return lambda cells: tuple(" ".join(filter(None, (cells[index] for index in indexes))) for indexes in places)
