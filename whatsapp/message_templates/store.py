"""Service that reads stored templates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from conversations.models import CONTENT_MAX_LENGTH
from whatsapp.json_parts import object_of, text_of
from whatsapp.message_templates.rendering import describe, render
from whatsapp.message_templates.statuses import problem_of_status
from whatsapp.models import Channel, MessageTemplate, SendingChannel


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message's template as text. `is_marketing` is False where the category is not known; `problem`: why it cannot
    be sent at present, "" where it can or nobody knows.
    """

    content: str
    is_marketing: bool
    problem: str = ""


def render_template(*, user_id: UUID, channel: SendingChannel | None, template: Mapping[str, Any]) -> Rendered:
    """Return what the customer will read of a message's template; of an unknown one its name and parameters.

    `template` is in Meta's format, {name, language: {code}, components}; those of Twilio are not read from there.
    """
    if channel and channel.provider != Channel.Provider.CLOUD:
        return Rendered(describe(template), is_marketing=False)
    name, language = text_of(template.get("name")), text_of(object_of(template.get("language")).get("code"))
    waba_id = channel.waba_id if channel else ""
    known = MessageTemplate.objects.find(user_id=user_id, waba_id=waba_id, name=name, language=language)
    content = render(known.components, template.get("components")) if known else ""
    return Rendered(
        content=(content or describe(template))[:CONTENT_MAX_LENGTH],
        is_marketing=known.is_marketing if known else False,
        problem=problem_of_status(known.status) if known else "",
    )
