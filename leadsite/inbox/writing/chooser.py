"""What the chooser of templates shows: those of an account, found by words and language, or one with its fields and a
preview of what the customer will read.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, Q, QuerySet, TextField, When
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils.translation import get_language_info

from conversations.models import Customer
from leadsite.adminkit.values import read_uuid, shorten
from whatsapp.message_templates.fields import Field, fields_of, fill, problems_of, unfillable, values_of
from whatsapp.message_templates.headers import FIELD as HEADER
from whatsapp.message_templates.headers import MISSING, kind_of_header, with_file
from whatsapp.message_templates.refreshing import problem_of_reading, readings_of
from whatsapp.message_templates.rendering import Shown, describe, render, shown_parts
from whatsapp.message_templates.statuses import REFUSED, problem_of_status
from whatsapp.models import Channel, MessageTemplate, SendingChannel

SHOWN: Final = 30
_TERM_MAX_LENGTH: Final = 100
# The input in which a file is chosen as the header, and what a browser offers there.
FILE_INPUT: Final = f"file:{HEADER}"
_ACCEPT: Final = {
    "image": "image/*,.heic",
    "video": "video/mp4,video/3gpp",
    "document": ".pdf,.txt,.csv,.doc,.docx,.xls,.xlsx,.ppt,.pptx",
}
OPTED_OUT: Final = (
    "This customer wants no marketing, and this template is marketing. WhatsApp and the law forbid to send it."
)


@dataclass(frozen=True, slots=True)
class Input:
    """A field of the chosen template with what is typed there."""

    field: Field
    value: str
    problem: str = ""
    accept: str = ""  # the types of the file that may be chosen in its place


@dataclass(frozen=True, slots=True)
class Listed:
    """A template in the list. `problem`: why it cannot be sent now."""

    template: MessageTemplate
    language: str
    text: str
    problem: str


@dataclass(slots=True)
class Chooser:
    """The state of a form that chooses a template. `chosen` and what follows are of one template; `sent` is it as a
    message has it, None where it cannot be sent.
    """

    term: str = ""
    language: str = ""
    languages: list[tuple[str, str]] = field(default_factory=list)
    listed: list[Listed] = field(default_factory=list)
    has_more: bool = False
    has_any: bool = False
    is_twilio: bool = False
    read_at: datetime | None = None
    reading_problem: str = ""
    chosen: MessageTemplate | None = None
    chosen_language: str = ""
    inputs: list[Input] = field(default_factory=list)
    preview: list[Shown] = field(default_factory=list)
    problem: str = ""
    sent: dict[str, Any] | None = None
    content_sid: str = ""
    variables: str = ""
    file_kind: str = ""  # what the header is: image, video, document
    has_file: bool = False  # one was chosen for it


def read_chooser(
    *,
    business_id: UUID,
    channel: SendingChannel | None,
    customer: Customer | None,
    form: QueryDict,
    files: Collection[str] = (),
    is_sending: bool = False,
) -> Chooser:
    """Return the chooser as a form has left it; `files`: the inputs in which a file was chosen; `is_sending`: problems
    of fields are shown. At most five statements.
    """
    chooser = Chooser(term=_word(form.get("find", ""), _TERM_MAX_LENGTH), language=_word(form.get("language", ""), 50))
    if channel and channel.provider != Channel.Provider.CLOUD:
        return _with_content(chooser, form, is_sending=is_sending)
    account = channel.waba_id if channel else ""
    templates = MessageTemplate.objects.filter(user_id=business_id, **({"waba_id": account} if account else {}))
    chosen_id = read_uuid(form.get("choose", "") or form.get("template", ""))
    chosen = templates.filter(pk=chosen_id).first() if chosen_id and "all" not in form else None
    if chosen:
        chooser.file_kind = kind_of_header(chosen.components)
        chooser.has_file = bool(chooser.file_kind) and FILE_INPUT in files
        values = values_of((name, form.get(name, "")) for name in form)
        return _with_chosen(chooser, chosen, customer, values, is_sending=is_sending)
    return _with_list(chooser, templates, business_id)


def _with_list(chooser: Chooser, templates: QuerySet[MessageTemplate], business_id: UUID) -> Chooser:
    found = templates
    for word in chooser.term.split()[:10]:
        found = found.annotate(text=Cast("components", TextField()))
        found = found.filter(Q(name__icontains=word.replace(" ", "_")) | Q(text__icontains=word))
    if chooser.language:
        found = found.filter(language=chooser.language)
    refused = Case(When(status__in=REFUSED, then=1), default=0)
    rows = list(found.alias(refused=refused).order_by("refused", "name", "language", "pk")[: SHOWN + 1])
    chooser.listed = [
        Listed(
            one,
            language_name(one.language),
            shorten(render(one.components, None), 160),
            problem_of_status(one.status),
        )
        for one in rows[:SHOWN]
    ]
    chooser.has_more = len(rows) > SHOWN
    codes = templates.order_by("language").values_list("language", flat=True).distinct()
    chooser.languages = [(code, language_name(code)) for code in codes]
    chooser.has_any = bool(chooser.languages)
    chooser.reading_problem = problem_of_reading(business_id)
    times = [one.read_at for one in readings_of(business_id) if one.read_at]
    chooser.read_at = max(times, default=None)
    return chooser


def _with_chosen(
    chooser: Chooser,
    template: MessageTemplate,
    customer: Customer | None,
    values: Mapping[str, str],
    *,
    is_sending: bool,
) -> Chooser:
    chooser.chosen, chooser.chosen_language, chooser.has_any = template, language_name(template.language), True
    components = template.components
    wrong = problems_of(components, values)
    if HEADER in wrong and not values.get(HEADER):
        wrong[HEADER] = MISSING
    if chooser.has_file:
        wrong.pop(HEADER, None)
    chooser.inputs = [_input(one, values, wrong if is_sending else {}) for one in fields_of(components)]
    given = fill(components, values)
    given = with_file(given, chooser.file_kind) if chooser.has_file else given
    chooser.preview = shown_parts(components, given)
    chooser.problem = problem_of_status(template.status)
    if not chooser.problem and (part := unfillable(components)):
        chooser.problem = (
            f"This template has {part}, which cannot be filled in here. Send it by the API: POST /api/whatsapp."
        )
    if not chooser.problem and template.is_marketing and customer and customer.marketing_opted_out_at:
        chooser.problem = OPTED_OUT
    if not chooser.problem and not wrong:
        sent = {"name": template.name, "language": {"code": template.language}}
        chooser.sent = sent | ({"components": given} if given else {})
    return chooser


def _input(field: Field, values: Mapping[str, str], wrong: Mapping[str, str]) -> Input:
    accept = _ACCEPT[field.kind] if field.name == HEADER else ""
    return Input(field, values.get(field.name, ""), wrong.get(field.name, ""), accept)


def _with_content(chooser: Chooser, form: QueryDict, *, is_sending: bool) -> Chooser:
    """Twilio sends a template by its content SID; its text is not known here."""
    chooser.is_twilio = chooser.has_any = True
    chooser.content_sid = _word(form.get("content_sid", ""), 50)
    chooser.variables = form.get("variables", "").replace("\0", "").replace("\r\n", "\n")[:10_000]
    parameters = [_variable(line) for line in chooser.variables.splitlines() if line.strip()]
    components = [{"type": "body", "parameters": parameters}] if parameters else []
    template: dict[str, Any] = {"content_sid": chooser.content_sid} | ({"components": components} if components else {})
    is_sid = len(chooser.content_sid) == 34 and chooser.content_sid.startswith("HX")
    if is_sid and all(one in "0123456789abcdefABCDEF" for one in chooser.content_sid[2:]):
        chooser.sent = template
        chooser.preview = [Shown("body", describe(template))]
    elif is_sending or chooser.content_sid:
        chooser.problem = "Twilio's id of the template is HX and 32 digits and letters from a to f: its Content SID."
    return chooser


def _variable(line: str) -> dict[str, Any]:
    """`name: text` for a variable that has a name, otherwise the text; counted in the order of the lines."""
    name, colon, text = line.partition(":")
    if colon and name.strip().isidentifier():
        return {"type": "text", "parameter_name": name.strip(), "text": text.strip()}
    return {"type": "text", "text": line.strip()}


def language_name(code: str) -> str:
    """Return "English (en_US)"; the code where it is not known."""
    try:
        return f"{get_language_info(code.replace('_', '-').lower())['name_translated']} ({code})"
    except KeyError:
        return code


def _word(text: str, longest: int) -> str:
    return text.replace("\0", "").strip()[:longest]
