"""Refuses parameters and fields that an endpoint does not have, and names the nearest one that it has."""

import re
from collections.abc import Collection, Iterable, Mapping
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final, Literal

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

Kind = Literal["parameter", "field"]

# What other APIs call it. A name applies where the endpoint has it.
_ELSEWHERE: Final = {
    **dict.fromkeys(("search", "query", "term", "filter"), "q"),
    **dict.fromkeys(("limit", "perpage", "size", "count"), "page_size"),
    **dict.fromkeys(("page", "pagenumber", "offset", "after", "startingafter"), "cursor"),
    **dict.fromkeys(("sort", "sortby", "order", "orderby"), "ordering"),
    **dict.fromkeys(("from", "since"), "created_after"),
    **dict.fromkeys(("until",), "created_before"),
    **dict.fromkeys(("owner", "assignee"), "assigned_to"),
    **dict.fromkeys(("phone", "recipient", "customerphone"), "to"),
    **dict.fromkeys(("text", "body", "content"), "message"),
    **dict.fromkeys(("notes", "note", "description", "comment"), "details"),
    **dict.fromkeys(("enabled",), "active"),
}
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_SHARED_WORD_MIN_LENGTH: Final = 4
_LIKE_ENOUGH: Final = 0.7
# Words that others use in names of times.
_SAME_WORDS: Final = {"since": "after", "from": "after", "at": "after", "until": "before", "till": "before"}
# A body of half a megabyte has room for many names.
_NAMES_SHOWN: Final = 10
_NAME_MAX_LENGTH: Final = 60


def unknown_names(given: Iterable[str], known: Collection[str], kind: Kind) -> dict[str, list[str]]:
    """Return an error for each given name that is not known; at most ten."""
    unknown = [name for name in given if name not in known][:_NAMES_SHOWN]
    # A lone surrogate cannot be sent back.
    shown = [name[:_NAME_MAX_LENGTH].encode(errors="replace").decode() for name in unknown]
    return {name: [_sentence(name, tuple(known), kind)] for name in shown}


def check_parameters(request: Request, known: Mapping[str, bool]) -> None:
    """Check the query parameters of a request. `known`: the names, and whether they can be given several times.

    An empty value is an error, because a client that has lost its value would get rows that it did not ask for.
    Raises ValidationError.
    """
    given = request.query_params
    if not given:
        return
    problems = unknown_names(given, known, "parameter")
    for name in given.keys() & known.keys():
        values = given.getlist(name)
        if not all(value.strip() for value in values):
            problems[name] = ["The value is empty. Give one, or leave the parameter out."]
        elif len(values) > 1 and not known[name]:
            problems[name] = ["Give this parameter once only."]
    if problems:
        raise ValidationError(problems)


def check_no_body(request: Request) -> None:
    """Check that a request that takes no body has none, or an empty object. Raises ValidationError, APIException."""
    body = request.data
    if isinstance(body, Mapping):
        problems = unknown_names(body, (), "field")
    else:
        problems = {"body": ["This request takes no body."]} if body is not None else {}
    if problems:
        raise ValidationError(problems)


# The rows of a batch repeat the same name.
@lru_cache(maxsize=1024)
def _sentence(name: str, known: tuple[str, ...], kind: Kind) -> str:
    if not known:
        return f"There is no {kind} {name}: this request takes no {kind}s."
    near = nearest_name(name, known)
    advice = f"Did you mean {near}?" if near else f"There are {', '.join(sorted(known))}."
    return f"There is no {kind} {name}. {advice}"


def nearest_name(name: str, known: Collection[str]) -> str | None:
    """Return the known name that is most like this one, None where none is like it."""
    plain = _plain(name)
    if (elsewhere := _ELSEWHERE.get(plain)) in known:
        return elsewhere
    (shared, ratio), best = max((_likeness(name, one), one) for one in known)
    return best if shared or ratio >= _LIKE_ENOUGH else None


def _likeness(name: str, known: str) -> tuple[int, float]:
    """How many words both names have, and how like they are as a whole, 0 to 1.

    Names that have a word in common, and each another word, mean different things: customer_phone, customer_name.
    """
    words, others = _words(name), _words(known)
    shared = {word for word in words & others if len(word) >= _SHARED_WORD_MIN_LENGTH}
    if shared and words - shared and others - shared and _ratio(words - shared, others - shared) < _LIKE_ENOUGH:
        return 0, 0.0
    return len(shared), SequenceMatcher(None, _plain(name), _plain(known)).ratio()


def _ratio(words: set[str], others: set[str]) -> float:
    return SequenceMatcher(None, "".join(sorted(words)), "".join(sorted(others))).ratio()


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _words(name: str) -> set[str]:
    words = (word.lower() for word in _WORD.findall(name))
    return {_SAME_WORDS.get(word, word) for word in words}
