"""Folds texts for the search: José, JOSE and jose are the same. In Python for what is searched, in SQL for columns."""

import re
import unicodedata
from typing import Any, Final

from django.db.models import Func, TextField

# As in conversations/sql/fold_text.sql.
_REMOVED: Final = re.compile(
    r"['\u00ad\u02b9-\u02bc\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640"
    r"\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f\u2018\u2019\u201b\u202a-\u202e\u2032"
    r"\u2060-\u2069\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\ufeff]+"
)
_REPLACED: Final = str.maketrans(
    {
        "\u00df": "ss",
        "\u00e6": "ae",
        "\u0153": "oe",
        "\u0131": "i",
        "\u00f8": "o",
        "\u0142": "l",
        "\u0111": "d",
        "\u03c2": "\u03c3",
    }
)


def fold(text: str) -> str:
    """Return a text in lower case, without accents, apostrophes and invisible marks; compatible characters as one.

    The SQL function fold_text follows the same rules; both are tested with tests/conversations/search/folding_cases.py.
    """
    decomposed = unicodedata.normalize("NFKD", text.replace("\u00b4", ""))
    return _REMOVED.sub("", decomposed.lower()).translate(_REPLACED)


class Folded(Func):
    """A column as `fold` would return it."""

    function = "fold_text"
    arity = 1

    def __init__(self, *expressions: Any, **options: Any) -> None:
        super().__init__(*expressions, **{"output_field": TextField()} | options)
