"""Service that reads stored templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from conversations.incoming import IncomingMessage, MessageEvent
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


def with_template_texts(messages: Sequence[IncomingMessage], waba_ids: Mapping[UUID, str]) -> list[IncomingMessage]:
    """Return the messages; the templates that another program has sent with the text that the customer reads.

    `waba_ids`: the account of each channel. One query for all of them, none where there are none; a template that is
    not known stays its name and parameters. Raises django.db.Error.
    """
    asked = {(message.user_id, _named(message.event)[0]) for message in messages if _is_template(message.event)}
    if not asked:
        return list(messages)
    users, names = zip(*asked, strict=True)
    known = MessageTemplate.objects.filter(user_id__in=users, name__in=names).order_by("pk")
    # The newest of several accounts, where that of the channel is not known.
    texts = {(one.user_id, one.name, one.language, waba): one for one in known for waba in ("", one.waba_id)}
    return [
        _with_text(message, texts.get((message.user_id, *_named(message.event), waba_ids.get(message.channel_id, ""))))
        if _is_template(message.event)
        else message
        for message in messages
    ]


def _is_template(event: MessageEvent) -> bool:
    return event.kind == "template" and event.direction == "out"


def _named(event: MessageEvent) -> tuple[str, str]:
    """The name and the language of an event's template."""
    template = object_of(event.extras.get("template"))
    return text_of(template.get("name")), text_of(object_of(template.get("language")).get("code"))


def _with_text(message: IncomingMessage, known: MessageTemplate | None) -> IncomingMessage:
    sent = object_of(message.event.extras.get("template")).get("components")
    content = render(known.components, sent)[:CONTENT_MAX_LENGTH] if known else ""
    return replace(message, event=replace(message.event, content=content)) if content else message
