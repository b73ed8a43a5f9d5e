"""What of a list's filters and search is on, in words: above the list, and on the pages of exports."""

from typing import NamedTuple

from django.contrib.admin.views.main import ERROR_FLAG, IGNORED_PARAMS, PAGE_VAR, SEARCH_VAR, ChangeList
from django.utils.text import capfirst
from django.utils.translation import gettext


class Chosen(NamedTuple):
    """`without`: the query string of the list without it."""

    title: str
    value: str
    without: str

    def __str__(self) -> str:
        return f"{self.title}: {self.value}"


def chosen_filters(page: ChangeList) -> list[Chosen]:
    """Return the filters in their order, then conditions of a link that are no choice of a filter, then the search."""
    left = {name: value for name, value in page.params.items() if name not in {*IGNORED_PARAMS, PAGE_VAR, ERROR_FLAG}}
    chosen = []
    for spec in page.filter_specs:
        given = {name: left.pop(name) for name in spec.expected_parameters() if name in left}
        if given:
            selected = [str(choice["display"]) for choice in spec.choices(page) if choice["selected"]]
            words = selected[0] if selected else getattr(spec, "words", "") or ", ".join(given.values())
            chosen.append(_chosen(page, str(spec.title), words, *given))
    for name, value in left.items():
        chosen.append(_chosen(page, gettext(name.partition("__")[0].replace("_", " ")), value, name))
    if term := page.params.get(SEARCH_VAR):
        chosen.append(_chosen(page, gettext("Search"), term, SEARCH_VAR))
    return chosen


def _chosen(page: ChangeList, title: str, value: str, *names: str) -> Chosen:
    return Chosen(str(capfirst(title)), value, page.get_query_string(dict.fromkeys(names)))
