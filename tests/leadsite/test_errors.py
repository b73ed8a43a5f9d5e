"""The error envelope can be sent whatever it quotes."""

import json

from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer

from leadsite.errors import answer_for


def test_a_message_with_a_lone_surrogate_can_be_sent():
    answer = answer_for(ValidationError({"type\udfff": ['"\ud800" is not a valid choice.']}))
    assert answer is not None
    sent = json.loads(JSONRenderer().render(answer.body))
    assert sent["fields"] == {"type?": ['"?" is not a valid choice.']}


def test_an_exception_outside_the_table_is_left_to_the_500_page():
    assert answer_for(RuntimeError("a bug")) is None
