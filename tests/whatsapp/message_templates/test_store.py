"""Stored templates: rendered for messages, and changed by deliveries."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from whatsapp.message_templates.store import Rendered, render_template
from whatsapp.models import ListedTemplate, MessageTemplate, SendingChannel

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
SENT = {
    "name": "cake_ready",
    "language": {"code": "en_US"},
    "components": [{"type": "body", "parameters": [{"type": "text", "text": "Amina"}]}],
}


def has_template(business, *, waba_id="777", text="Hello {{1}}", category="utility"):
    template = ListedTemplate(
        name="cake_ready",
        language="en_US",
        provider_id="1",
        category=category,
        status="approved",
        components=[{"type": "BODY", "text": text}],
    )
    MessageTemplate.objects.store(user_id=business.id, waba_id=waba_id, templates=[template], listed_at=NOON)


def rendered(business, waba_id="", provider="cloud", template=SENT):
    channel = SendingChannel(UUID(int=1), provider, waba_id=waba_id)
    return render_template(user_id=business.id, channel=channel, template=template)


@pytest.mark.parametrize("category", ["utility", "marketing"])
def test_a_known_template_is_its_text_with_the_parameters(owner, category):
    has_template(owner, category=category)
    assert rendered(owner) == Rendered("Hello Amina", is_marketing=category == "marketing")


@pytest.mark.parametrize("template", [{"name": "other"}, {"language": {"code": "de"}}, {"language": "en_US"}])
def test_of_an_unknown_name_or_language_the_name_and_the_parameters_are_shown(owner, template):
    has_template(owner, category="marketing")
    found = rendered(owner, template=SENT | template)
    assert found == Rendered(f"{(SENT | template)['name']}: Amina", is_marketing=False)


def test_another_business_has_none(owner, stranger):
    has_template(owner)
    assert rendered(stranger).content == "cake_ready: Amina"


def test_the_template_is_that_of_the_numbers_account(owner):
    has_template(owner, waba_id="777", text="From 777 {{1}}")
    has_template(owner, waba_id="888", text="From 888 {{1}}")
    assert rendered(owner, "777").content == "From 777 Amina"
    assert rendered(owner, "999").content == "cake_ready: Amina"


def test_a_template_at_twilio_is_shown_by_what_is_known(owner):
    has_template(owner, category="marketing")
    template = SENT | {"content_sid": "HX1"}
    assert rendered(owner, provider="twilio", template=template) == Rendered("cake_ready: Amina", is_marketing=False)


def test_a_business_without_a_number_has_its_templates(owner):
    has_template(owner)
    assert render_template(user_id=owner.id, channel=None, template=SENT).content == "Hello Amina"
