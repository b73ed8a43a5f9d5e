"""What the reader and the rules say, for somebody who has a page and no command line."""

import re
from typing import Final

_WORDS: Final = (
    (re.compile(r"add --encoding (\S+?)([;.])"), r"choose the encoding \1\2"),
    (re.compile(r"Name the encoding that the file was saved in by --encoding\."), "Choose another encoding."),
    (
        re.compile(r"give --region with the country it is in \(for example --region ([A-Z]{2})\)"),
        r"name the country it is in (for example \1)",
    ),
    (re.compile(r"say --format csv or give it"), "give it"),
    (re.compile(r"Unpack it first: .*"), "Unpack it first."),
    (re.compile(r" Say which column it is, for example --map .*"), ""),
)


def page_words(text: str) -> str:
    """Return the sentence without options of import_leads."""
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    return text
