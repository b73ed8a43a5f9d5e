"""Serializers of requests that send messages. The camel-case field names are those of the previous system."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations.api.fields import NameField
from conversations.phone import PHONE_RULE, PhoneInvalid, normalise
from leads.models import DETAILS_MAX_LENGTH, Lead
from leadsite.rest.fields import StrictBooleanField, StrictCharField, StrictChoiceField, StrictSerializer
from leadsite.rest.known_names import unknown_names
from leadsite.rest.schema import example
from whatsapp.message_templates.rendering import describe
from whatsapp.outbound.api.attaching import FILE_HELP, FileSerializer, GivenFile
from whatsapp.outbound.enqueue import LeadRequest, MessageContent, Recipient
from whatsapp.outbound.providers import twilio
from whatsapp.outbound.refusals import TEXT_MAX_LENGTH

# Two letters of a country, a dot, up to 128 letters and digits, in some business groups after "ENT." (Meta,
# Business-scoped user IDs).
_USER_ID: Final = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
_TEMPLATE_MAX_BYTES: Final = 32 * 1024
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:_[A-Za-z0-9]{2,8})*")
_TEMPLATE_KEYS: Final = ("name", "language", "components", "content_sid")
# Meta's only policy is "deterministic", so it is not passed on.
_LANGUAGE_KEYS: Final = ("code", "policy")
_CONTENT_SID: Final = re.compile(r"HX[0-9a-fA-F]{32}")
_TEMPLATE_NAME: Final = re.compile(r"[a-z0-9_]{1,512}")


@extend_schema_field({"type": "string", "examples": ["+4915123456789", "US.13491208655302741918"]})
class RecipientField(StrictCharField):
    """A phone number as people write it, or a WhatsApp user id."""

    def to_internal_value(self, data: Any) -> Recipient:  # type: ignore[override] # the base returns str
        text = super().to_internal_value(data)
        if _USER_ID.fullmatch(text):
            return Recipient(whatsapp_user_id=text)
        try:
            return Recipient(phone=normalise(text))
        except PhoneInvalid as error:
            raise serializers.ValidationError(f"{PHONE_RULE} Or give a WhatsApp user id: US.1349….") from error


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "name": {
                "type": "string",
                "pattern": f"^{_TEMPLATE_NAME.pattern}$",
                "description": "As approved at Meta. Required, but for Twilio.",
            },
            "language": {
                "description": "Its code. Required with `name`.",
                "oneOf": [
                    {"type": "string", "pattern": f"^{_LANGUAGE.pattern}$", "examples": ["en_US"]},
                    {"type": "object", "properties": {"code": {"type": "string"}, "policy": {"type": "string"}}},
                ],
            },
            "components": {
                "type": "array",
                "items": {"type": "object"},
                "description": "The parameters, as Meta's documentation of template messages describes them.",
            },
            "content_sid": {
                "type": "string",
                "pattern": f"^{_CONTENT_SID.pattern}$",
                "description": "Twilio's id of the template; `name` and `language` may be left out then.",
            },
        },
    }
)
class TemplateField(serializers.Field[dict[str, Any], Any, Any, Any]):
    """`{name, language, components?, content_sid?}`, the language as its code or as Meta's {"code": …}.

    Through Twilio a template is sent by its `content_sid`; name and language may be left out then.
    """

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise serializers.ValidationError(
                "Must be an object: {name, language, components}, or {content_sid, components} through Twilio."
            )
        name, language, components, sid = (data.get(key) for key in _TEMPLATE_KEYS)
        problem = _unknown_fields(data, _TEMPLATE_KEYS)
        if isinstance(language, dict):
            problem = problem or _unknown_fields(language, _LANGUAGE_KEYS)
            language = language.get("code")
        if problem := problem or _problem_of_names(name, language, sid) or _problem_of(components):
            raise serializers.ValidationError(problem)
        template: dict[str, Any] = {"name": name, "language": {"code": language}} if name else {}
        template |= {"components": components} if components else {}
        return template | ({"content_sid": sid} if sid else {})


def _unknown_fields(given: dict[str, Any], known: Sequence[str]) -> str:
    return " ".join(text for texts in unknown_names(given, known, "field").values() for text in texts)


def _problem_of_names(name: Any, language: Any, content_sid: Any) -> str:
    if content_sid is not None and not (isinstance(content_sid, str) and _CONTENT_SID.fullmatch(content_sid)):
        return "content_sid: Twilio's id of the template, HX and 32 hexadecimal digits."
    if content_sid and name is None and language is None:
        return ""
    if not isinstance(name, str) or not _TEMPLATE_NAME.fullmatch(name):
        return "name: the template's name at Meta, lower-case letters, digits and underscores."
    if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
        return "language: a code such as en_US or de."
    return ""


def _problem_of(components: Any) -> str:
    if components is not None and not _are_objects(components):
        return "components: a list of objects, as Meta's documentation of templates describes them."
    if len(json.dumps(components)) > _TEMPLATE_MAX_BYTES:
        return "components: too long."
    if "\\u0000" in json.dumps(components) or not _is_text(components):
        return "components: a character that cannot be sent (NUL or a lone surrogate)."
    return ""


def _are_objects(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(item, dict) for item in found)


def _is_text(tree: Any) -> bool:
    try:
        json.dumps(tree, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


@example(asked={"message": "On Saturday at ten"})
class ReplySerializer(StrictSerializer):
    """A message: exactly one of `message`, `template` and `media`."""

    message = StrictCharField(
        max_length=TEXT_MAX_LENGTH,
        trim_whitespace=False,
        allow_null=True,
        required=False,
        help_text=f"The text, up to {TEXT_MAX_LENGTH} characters; through Twilio up to {twilio.TEXT_MAX_LENGTH}.",
    )
    template = TemplateField(
        required=False, allow_null=True, help_text="An approved template, which WhatsApp accepts at any time."
    )
    media = FileSerializer(required=False, allow_null=True, help_text=FILE_HELP)

    def validate_message(self, text: str | None) -> str | None:
        if text is not None and not text.strip():
            raise serializers.ValidationError("This field may not be blank.")
        return text

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = {name: attrs.pop(name, None) for name in ("message", "template", "media")}
        if problems := self.problems(attrs, [name for name, value in given.items() if value is not None]):
            raise serializers.ValidationError(problems)
        file, template = given["media"], given["template"]
        text = given["message"] or (file["caption"] if file else describe(template))
        return attrs | {"content": MessageContent(content=text, template=template), "file": file}

    def problems(self, attrs: dict[str, Any], given: list[str]) -> dict[str, list[str]]:
        """Return errors of combinations of fields that are valid separately. `given`: what is to be sent."""
        if len(given) > 1:
            both = (
                "either message or template, not both" if "media" not in given else "one of message, template and media"
            )
            return {given[0]: [f"Give {both}."]}
        return {} if given else {"message": ["This field is required."]}


@example(asked={"to": "+4915123456789", "message": "Your cake is ready"})
class OutgoingSerializer(ReplySerializer):
    """A message to a customer, and whether a lead comes with it."""

    to = RecipientField(help_text="A phone number in international form, in any spelling, or a WhatsApp user id.")
    createLead = StrictBooleanField(  # noqa: N815 - the names in the API
        required=False, default=False, help_text="Whether to create a lead too."
    )
    customerName = NameField(  # noqa: N815 - as above
        allow_blank=True,
        allow_null=True,
        required=False,
        help_text="Required with `createLead`. Replaces the name that the customer had.",
    )
    leadType = StrictChoiceField(  # noqa: N815 - as above
        Lead.Type.choices,
        required=False,
        allow_null=True,
        help_text="Of the lead; ignored without `createLead`. Left out or null: `inquiry`.",
    )
    details = StrictCharField(
        max_length=DETAILS_MAX_LENGTH,
        trim_whitespace=False,
        allow_blank=True,
        allow_null=True,
        required=False,
        help_text="Of the lead: what the customer wants. Ignored without `createLead`.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        found: Recipient = attrs["to"]
        lead = LeadRequest(type=attrs.get("leadType") or Lead.Type.INQUIRY, details=attrs.get("details") or "")
        to = replace(found, customer_name=attrs.get("customerName") or "")
        return super().validate(attrs) | {"to": to, "lead": lead if attrs["createLead"] else None}

    def problems(self, attrs: dict[str, Any], given: list[str]) -> dict[str, list[str]]:
        found = super().problems(attrs, given)
        if attrs["createLead"] and not attrs.get("customerName"):
            found |= {"customerName": ["Required where createLead is true."]}
        return found


# One instance each for all requests, as in leads/api/serializers.py.
_OUTGOING: Final = OutgoingSerializer()
_REPLY: Final = ReplySerializer()


def read_outgoing(body: Any) -> tuple[Recipient, MessageContent, LeadRequest | None, GivenFile | None]:
    """Parse the body of POST /api/whatsapp. Raises ValidationError that names every invalid field."""
    fields = _OUTGOING.run_validation(body)
    return fields["to"], fields["content"], fields["lead"], fields["file"]


def read_reply(body: Any) -> tuple[MessageContent, GivenFile | None]:
    """Parse the body of a reply. Raises ValidationError."""
    fields = _REPLY.run_validation(body)
    return fields["content"], fields["file"]
