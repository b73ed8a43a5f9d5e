"""Renders a template with the parameters of a message, as the customer sees it. Pure functions, no database.

Components of a template: Meta, "Template components". Parameters of a message: Meta, "Template messages". Nearly every
part is optional, types come in upper and lower case, and `sent` comes from clients: nothing here raises.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from whatsapp.json_parts import object_of, objects_of, text_of

Json = dict[str, Any]

PLACEHOLDER: Final = re.compile(r"\{\{\s*([A-Za-z0-9_]{1,100})\s*\}\}")
# The parts of a template from top to bottom, whatever their order in the list.
_ORDER: Final = ("HEADER", "LIMITED_TIME_OFFER", "BODY", "FOOTER", "BUTTONS", "CAROUSEL")
# The mark of a parameter whose file goes out with the message: see headers.py. Pages show the file itself.
ATTACHED: Final = "attached"
# Parameters of buttons that are no text for the customer: they come back when the button is pressed.
_INVISIBLE: Final = ("payload", "action")


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one component: by position, and by name where the template names them."""

    positional: list[str] = field(default_factory=list)
    named: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, component: Json) -> "Parameters":
        positional, named = [], {}
        for parameter in objects_of(component.get("parameters")):
            if name := text_of(parameter.get("parameter_name")):
                named[name] = value_of(parameter)
            else:
                positional.append(value_of(parameter))
        return cls(positional, named)

    def fill(self, text: str) -> str:
        """Put the parameters into a text; a placeholder without a parameter stays as it is."""
        return PLACEHOLDER.sub(lambda found: self._value(found[1]) or found[0], text)

    def _value(self, name: str) -> str:
        if name in self.named:
            return self.named[name]
        index = int(name) - 1 if name.isascii() and name.isdigit() else -1
        return self.positional[index] if 0 <= index < len(self.positional) else ""


class Shown(NamedTuple):
    """A part of a template as the customer sees it. `kind`: header, limited_time_offer, body, footer, buttons, card."""

    kind: str
    text: str


def render(components: Any, sent: Any) -> str:
    """Return the text of a template: header, body, footer, a line for each button, cards.

    `components`: the template's, as Meta lists them. `sent`: those of the message, with the parameters.
    """
    return "\n\n".join(part.text for part in shown_parts(components, sent))


def shown_parts(components: Any, sent: Any) -> list[Shown]:
    """Return the parts of that text that are not empty, from top to bottom."""
    return [part for part in _shown(components, sent, with_cards=True) if part.text]


def _shown(components: Any, sent: Any, *, with_cards: bool) -> Iterator[Shown]:
    given = objects_of(sent)
    mine = {type_of(component): component for component in objects_of(components)}
    for kind in _ORDER:
        component = mine.get(kind)
        if component is None:
            continue
        if kind == "BUTTONS":
            yield Shown("buttons", _buttons(component, given))
        elif kind == "CAROUSEL":
            yield from (Shown("card", text) for text in (_cards(component, given) if with_cards else ()))
        else:
            yield Shown(kind.lower(), _text(kind, component, _sent(given, kind)))


def _text(kind: str, component: Json, sent: Json) -> str:
    parameters = Parameters.of(sent)
    if kind == "LIMITED_TIME_OFFER":
        return parameters.fill(text_of(object_of(component.get("limited_time_offer")).get("text")))
    shape = text_of(component.get("format")).upper() or "TEXT"
    if kind != "HEADER" or shape == "TEXT":
        return parameters.fill(text_of(component.get("text")))
    if any(ATTACHED in object_of(one.get(text_of(one.get("type")))) for one in objects_of(sent.get("parameters"))):
        return ""
    # A photo, a document or a place, which the message gives.
    return next(iter(parameters.positional), "") or f"({shape.lower()})"


def _buttons(component: Json, given: list[Json]) -> str:
    sent = {text_of(one.get("index")): one for one in given if type_of(one) == "BUTTON"}
    lines = [
        _button(button, Parameters.of(sent.get(str(index), {})))
        for index, button in enumerate(objects_of(component.get("buttons")))
    ]
    return "\n".join(line for line in lines if line)


def _button(button: Json, parameters: Parameters) -> str:
    """Return "[label]", followed by what it opens, calls or copies."""
    kind = type_of(button)
    label = text_of(button.get("text")) or kind.replace("_", " ").capitalize()
    target = ""
    if kind == "URL":
        target = parameters.fill(text_of(button.get("url")))
    elif kind == "PHONE_NUMBER":
        target = text_of(button.get("phone_number"))
    elif kind == "COPY_CODE":
        target = next(iter(parameters.positional), "")
    return f"[{label}] {target}".rstrip() if label else ""


def _cards(component: Json, given: list[Json]) -> Iterable[str]:
    sent = {text_of(card.get("card_index")): card for card in objects_of(_sent(given, "CAROUSEL").get("cards"))}
    for index, card in enumerate(objects_of(component.get("cards"))):
        parameters = sent.get(str(index), {}).get("components")
        parts = _shown(card.get("components"), parameters, with_cards=False)
        yield "\n\n".join(part.text for part in parts if part.text)


def describe(template: Mapping[str, Any]) -> str:
    """Return a message's template that is not known as text: its name and the parameters that a customer would see."""
    name = text_of(template.get("name")) or text_of(template.get("content_sid"))
    values = [
        f"{parameter_name}: {value}" if (parameter_name := text_of(parameter.get("parameter_name"))) else value
        for component in objects_of(template.get("components"))
        for parameter in _visible_parameters(component)
        if (value := value_of(parameter))
    ]
    return ": ".join(part for part in (name, ", ".join(values)) if part)


def _visible_parameters(component: Json) -> list[Json]:
    cards = [inner for card in objects_of(component.get("cards")) for inner in objects_of(card.get("components"))]
    return [
        parameter
        for one in (component, *cards)
        for parameter in objects_of(one.get("parameters"))
        if text_of(parameter.get("type")).lower() not in _INVISIBLE
    ]


def value_of(parameter: Json) -> str:
    """Return one parameter of a message as text: "Amina", "10,50 €", "(document: menu.pdf)"."""
    kind = text_of(parameter.get("type")).lower() or "text"
    found = parameter.get(kind)
    if not isinstance(found, dict):
        return text_of(found)
    if kind == "location":
        return ", ".join(part for part in (text_of(found.get("name")), text_of(found.get("address"))) if part)
    if "fallback_value" in found:  # currency, date_time
        return text_of(found["fallback_value"])
    if kind in ("image", "video", "document", "gif"):
        name = text_of(found.get("filename"))
        return f"({kind}: {name})" if name else f"({kind})"
    return ""


def _sent(given: list[Json], kind: str) -> Json:
    return next((one for one in given if type_of(one) == kind), {})


def type_of(component: Json) -> str:
    return text_of(component.get("type")).upper()
