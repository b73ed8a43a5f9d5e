"""The order of the tests, for several processes."""

from types import SimpleNamespace

import pytest

from tests.order import of_processes


def made_of(kinds):
    """s: on a served site, d: with the database, n: without."""
    fixtures = {"s": ["db", "served_site"], "d": ["owner", "db"], "n": ["tmp_path"]}
    return [
        SimpleNamespace(name=f"{kind}{n}", fixturenames=fixtures[kind], get_closest_marker=lambda _: None)
        for n, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize(
    ("processes", "kinds", "parts"),
    [
        (1, "ndsd", ["sddn"]),
        (2, "ndsdnd", ["sdd", "nnd"]),
        (3, "nddsddndd", ["sdd", "ndd", "ndd"]),
        (2, "nnnnnd", ["dnn", "nnn"]),
        (3, "d", ["d", "", ""]),
        (3, "", ["", "", ""]),
    ],
)
def test_the_first_part_has_what_needs_a_site_and_the_others_begin_without_a_database(processes, kinds, parts):
    given = made_of(kinds)
    ordered = of_processes(given, processes)
    assert sorted(item.name for item in ordered) == sorted(item.name for item in given)
    assert "".join(item.name[0] for item in ordered) == "".join(parts)
