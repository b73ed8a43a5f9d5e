"""Which templates cannot be sent, in words."""

import pytest

from whatsapp.message_templates.statuses import REFUSED, problem_of_status


@pytest.mark.parametrize("status", REFUSED)
def test_what_cannot_be_sent_says_why(status: str):
    assert problem_of_status(status).endswith(".")


@pytest.mark.parametrize("status", ["approved", "", "flagged"])
def test_what_can_or_what_nobody_knows_is_tried(status: str):
    assert problem_of_status(status) == ""
