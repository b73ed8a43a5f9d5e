"""The pages of message templates: as they are at Meta, read-only."""

from datetime import UTC, datetime

import pytest

from tests.staff import address, staff_of
from whatsapp.models import ListedTemplate, MessageTemplate

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def has_template(business, status="approved"):
    template = ListedTemplate(
        name="cake_ready",
        language="en_US",
        provider_id="1",
        category="marketing",
        status=status,
        components=[{"type": "BODY", "text": "Hello {{1}}"}, {"type": "FOOTER", "text": "Bella's Bakery"}],
    )
    MessageTemplate.objects.store(user_id=business.id, waba_id="1", templates=[template], listed_at=NOON)


def test_staff_see_their_templates_with_text_and_status(owner, stranger):
    has_template(owner, status="in_appeal")
    page = staff_of(owner).list(MessageTemplate)
    for words in ("cake_ready", "en_US", "marketing", "In appeal", "Hello {{1}}"):
        assert words in page
    row = MessageTemplate.objects.get()
    assert "Bella&#x27;s Bakery" in staff_of(owner).get(address("change", row)).content.decode()
    assert staff_of(stranger).found(MessageTemplate) == set()


@pytest.mark.parametrize("page", ["add", "delete"])
def test_nobody_changes_them_here(owner, page):
    has_template(owner)
    row = MessageTemplate.objects.get()
    answer = staff_of(owner).get(address(page, row if page == "delete" else MessageTemplate))
    assert answer.status_code == 403
