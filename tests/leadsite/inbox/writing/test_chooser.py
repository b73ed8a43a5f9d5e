"""Words of the chooser."""

import pytest

from leadsite.inbox.writing.chooser import language_name


@pytest.mark.parametrize(
    ("code", "name"),
    [("en_US", "English (en_US)"), ("de", "German (de)"), ("pt_BR", "Brazilian Portuguese (pt_BR)"), ("xx", "xx")],
)
def test_a_language_has_its_name_and_code(code: str, name: str):
    assert language_name(code) == name
