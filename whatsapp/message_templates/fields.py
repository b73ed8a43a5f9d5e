"""The fields of a template that somebody fills in, and the components of a message with them. Pure functions.

Parts of a template: Meta, "Template components"; of a message: "Template messages". What a page or a client cannot fill
in by short texts (products of a catalogue, the end of an offer) is named by `unfillable`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from django.utils.translation import gettext_noop

from whatsapp.json_parts import object_of, objects_of, text_of
from whatsapp.message_templates.labels import MEDIA_LABELS, PLACE_LABELS, label_on_card
from whatsapp.message_templates.rendering import PLACEHOLDER, type_of

Json = dict[str, Any]

VALUE_MAX_LENGTH: Final = 1024  # of a body with its values; Meta refuses what is longer in all
_CODE_MAX_LENGTH: Final = 20
_SPACES: Final = re.compile(r"\s+")
_OTP: Final = "/otp/code/"
_WITHOUT_VALUES: Final = ("QUICK_REPLY", "PHONE_NUMBER", "VOICE_CALL", "CATALOG", "FLOW", "URL", "COPY_CODE", "OTP")


@dataclass(frozen=True, slots=True)
class Field:
    """A value that a message gives a template. `name` is that of the form field: body.1, header.media, button.0.

    `text`: the sentence or address in which it stands. `kind`: the type of Meta's parameter.
    """

    name: str
    label: str
    kind: str = "text"
    text: str = ""
    example: str = ""

    def problem_of(self, value: str) -> str:
        """Return what is wrong with a value, "" where nothing is."""
        if not value:
            return gettext_noop("%(label)s: fill this in.") % {"label": self.label}
        if len(value) > (_CODE_MAX_LENGTH if self.kind == "coupon_code" else VALUE_MAX_LENGTH):
            return gettext_noop("%(label)s: too long.") % {"label": self.label}
        if self.kind in ("image", "video", "document") and not _is_address(value):
            problem = gettext_noop("%(label)s: an address that begins with https:// and that everybody can open.")
            return problem % {"label": self.label}
        is_coordinate = self.kind == "location" and self.name.endswith(("latitude", "longitude"))
        if is_coordinate and not re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{1,15})?", value):
            return gettext_noop("%(label)s: a number such as 52.5163.") % {"label": self.label}
        return ""


@dataclass(frozen=True, slots=True)
class _Part:
    """A component of the message, and the fields that its parameters come from."""

    component: Json
    fields: list[Field]
    copies: str = ""  # the field of another part whose value it has


def fields_of(components: Any) -> list[Field]:
    """Return the fields of a template from top to bottom."""
    return [field for _, parts in _groups(components) for part in parts for field in part.fields]


def unfillable(components: Any) -> str:
    """Return which part of a template cannot be filled in by fields; "" where there is none."""
    for component in objects_of(components):
        kind, shape = type_of(component), text_of(component.get("format")).upper()
        if kind == "LIMITED_TIME_OFFER":
            return gettext_noop("an offer that ends at a time")
        if kind == "HEADER" and shape not in ("", "TEXT", "LOCATION", *MEDIA_LABELS):
            return gettext_noop("a header of the kind %(shape)s") % {"shape": shape.lower()}
        for button in objects_of(component.get("buttons")):
            if type_of(button) not in _WITHOUT_VALUES:
                kind = type_of(button).replace("_", " ").lower()
                return gettext_noop("a button of the kind %(kind)s") % {"kind": kind}
        for card in objects_of(component.get("cards")):
            if found := unfillable(card.get("components")):
                return found
    return ""


def clean(values: Mapping[str, str]) -> dict[str, str]:
    """Return values as Meta takes them: line breaks, tabs and several spaces are one space (error 132018)."""
    return {name: _SPACES.sub(" ", value.replace("\0", "")).strip() for name, value in values.items()}


def problems_of(components: Any, values: Mapping[str, str]) -> dict[str, str]:
    """Return what is missing or wrong, by field; `values` are clean."""
    found = {field.name: field.problem_of(values.get(field.name, "")) for field in fields_of(components)}
    return {name: problem for name, problem in found.items() if problem}


def fill(components: Any, values: Mapping[str, str]) -> list[Json]:
    """Return the components of a message with these values; a value that is missing is left out. `values` are clean."""
    sent, cards = [], []
    for card, parts in _groups(components):
        filled = [one for part in parts if (one := _filled(part, values)) is not None]
        if card is None:
            sent += filled
        else:
            cards.append({"card_index": card, "components": filled})
    return [*sent, {"type": "carousel", "cards": cards}] if cards else sent


def _groups(components: Any) -> Iterator[tuple[int | None, list[_Part]]]:
    """Yield the parts of the template itself, with None, then of each of its cards."""
    given = {type_of(component): component for component in objects_of(components)}
    yield None, list(_parts(given, ""))
    for number, card in enumerate(objects_of(given.get("CAROUSEL", {}).get("cards"))):
        mine = {type_of(component): component for component in objects_of(card.get("components"))}
        yield number, [_on_card(part, number) for part in _parts(mine, f"card.{number}.")]


def _on_card(part: _Part, card: int) -> _Part:
    return replace(part, fields=[replace(one, label=label_on_card(one.label, card)) for one in part.fields])


def _parts(given: Mapping[str, Json], prefix: str) -> Iterator[_Part]:
    if header := given.get("HEADER"):
        yield _Part({"type": "header"}, list(_header_fields(header, prefix)))
    if body := given.get("BODY"):
        yield _Part({"type": "body"}, list(_texts(body, f"{prefix}body")))
    for index, button in enumerate(objects_of(given.get("BUTTONS", {}).get("buttons"))):
        if part := _button(button, index, prefix):
            yield part


def _header_fields(header: Json, prefix: str) -> Iterator[Field]:
    shape = text_of(header.get("format")).upper() or "TEXT"
    if shape == "LOCATION":
        for name, label in PLACE_LABELS.items():
            yield Field(f"{prefix}header.{name}", label, "location")
    elif shape in MEDIA_LABELS:
        kind = "video" if shape == "GIF" else shape.lower()
        yield Field(f"{prefix}header.media", MEDIA_LABELS[shape], kind, example="https://")
    else:
        for field in _texts(header, f"{prefix}header"):
            yield replace(field, label=gettext_noop("%(label)s in the header") % {"label": field.label})


def _texts(component: Json, name: str) -> Iterator[Field]:
    """The placeholders of a text, each once, in the order of their numbers or of the text."""
    text = text_of(component.get("text"))
    found = list(dict.fromkeys(PLACEHOLDER.findall(text)))
    if all(one.isascii() and one.isdigit() for one in found):
        found.sort(key=int)
    examples = _examples(component, found)
    for one in found:
        is_number = one.isascii() and one.isdigit()
        label = gettext_noop("Text %(one)d") % {"one": int(one)} if is_number else one.replace("_", " ").capitalize()
        yield Field(f"{name}.{one}", label, "text", _around(text, one), examples.get(one, ""))


def _examples(component: Json, names: Sequence[str]) -> dict[str, str]:
    example = object_of(component.get("example"))
    for key in ("body_text_named_params", "header_text_named_params"):
        if named := objects_of(example.get(key)):
            return {text_of(one.get("param_name")): text_of(one.get("example")) for one in named}
    listed: Any = example.get("body_text") or example.get("header_text") or []
    first = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], list) else listed
    return dict(zip(names, map(text_of, first), strict=False)) if isinstance(first, list) else {}


def _around(text: str, name: str) -> str:
    """The line in which a placeholder stands, shortened around it."""
    match = re.search(r"\{\{\s*" + re.escape(name) + r"\s*\}\}", text)
    if match is None:
        return ""
    before, after = text[: match.start()].rsplit("\n", 1)[-1], text[match.end() :].split("\n", 1)[0]
    start, end = before[-30:], after[:30]
    return f"{'…' if start != before else ''}{start}{match[0]}{end}{'…' if end != after else ''}"


def _button(button: Json, index: int, prefix: str) -> _Part | None:
    kind, label = type_of(button), text_of(button.get("text"))
    address, name = text_of(button.get("url")), f"{prefix}button.{index}"
    component = {"type": "button", "sub_type": "url", "index": str(index)}
    if kind == "OTP" or _OTP in address:
        return _Part(component, [], copies=f"{prefix}body.1")
    if kind == "URL" and (found := PLACEHOLDER.search(address)):
        example = next(iter(button.get("example") or []), "") if isinstance(button.get("example"), list) else ""
        words = gettext_noop("End of the address of the button “%(label)s”") % {"label": label}
        return _Part(component, [Field(name, words, "text", address, _ending(text_of(example), address, found))])
    if kind == "COPY_CODE":
        words = gettext_noop("Code that the button “%(value)s” copies") % {"value": label or "Copy code"}
        return _Part(component | {"sub_type": "copy_code"}, [Field(name, words, "coupon_code")])
    if kind == "FLOW":
        return _Part(
            component | {"sub_type": "flow", "parameters": [{"type": "action", "action": {"flow_token": "unused"}}]}, []
        )
    return None


def _ending(example: str, address: str, placeholder: re.Match[str]) -> str:
    """Meta's example is the whole address, or only its end."""
    return example.removeprefix(address[: placeholder.start()])


def _filled(part: _Part, values: Mapping[str, str]) -> Json | None:
    """Return the component with its parameters; None where it has none."""
    if part.copies:
        code = values.get(part.copies, "")
        return part.component | {"parameters": [{"type": "text", "text": code}]} if code else None
    if "parameters" in part.component:
        return part.component
    given = [(field, values[field.name]) for field in part.fields if values.get(field.name)]
    if part.fields and part.fields[0].kind == "location":
        place = {field.name.rpartition(".")[2]: value for field, value in given}
        parameters = [{"type": "location", "location": place}] if place else []
    else:
        parameters = [_parameter(field, value) for field, value in given]
    return part.component | {"parameters": parameters} if parameters else None


def _parameter(field: Field, value: str) -> Json:
    if field.kind in ("image", "video", "document"):
        media: Json = {"link": value}
        if field.kind == "document" and (name := unquote(urlsplit(value).path).rpartition("/")[2]):
            media["filename"] = name
        return {"type": field.kind, field.kind: media}
    parameter: Json = {"type": field.kind, field.kind: value}
    name = field.name.rpartition(".")[2]
    return parameter if name.isdigit() or field.kind != "text" else parameter | {"parameter_name": name}


def _is_address(text: str) -> bool:
    try:
        url = urlsplit(text)
    except ValueError:
        return False
    return url.scheme == "https" and bool(url.hostname) and " " not in text


def values_of(form: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the clean values of a form by the names of their fields; its inputs are named `field:` and that."""
    return clean({name.removeprefix("field:"): value for name, value in form if name.startswith("field:")})
