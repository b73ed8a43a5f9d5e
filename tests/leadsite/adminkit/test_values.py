"""Values as people read them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from leadsite.adminkit.values import NOTHING, badge, day, foreign, moment, shorten


@pytest.mark.parametrize(
    ("text", "shown"), [("a  b\nc", "a b c"), ("abcdef", "abcdef"), ("abcdefg", "abcde…"), ("", "")]
)
def test_the_beginning_of_a_text_is_one_line(text: str, shown: str) -> None:
    assert shorten(text, 6) == shown


def test_a_time_is_short_and_exact_in_its_tooltip(settings: Any) -> None:
    settings.TIME_ZONE = "UTC"
    time = datetime(2019, 3, 5, 14, 7, 9, tzinfo=UTC)
    assert moment(None) == NOTHING
    assert ">5 Mar 2019<" in moment(time)
    assert 'title="2019-03-05 14:07:09 UTC"' in moment(time)
    assert day(time) == "5 Mar 2019"


def test_text_is_escaped() -> None:
    for shown in (foreign("<b>"), badge("<b>", "new")):
        assert "&lt;b&gt;" in shown
        assert "<b>" not in shown
