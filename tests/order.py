"""The order of the tests, for several processes."""

from collections.abc import Sequence
from typing import Any

WITH_DATABASE = {"db", "transactional_db", "django_db_setup"}


def of_processes(items: Sequence[Any], processes: int) -> list[Any]:
    """Return the tests in the order in which `processes` share them by --dist=worksteal: each begins with an equal part
    of the list.

    Tests on a served site are in the first part, because each process serves its own. The process with this part
    migrates the test database, which takes seconds: the others begin with tests that use none.
    """
    served = [item for item in items if "served_site" in _fixtures(item)]
    others = [item for item in items if "served_site" not in _fixtures(item)]
    without = [item for item in others if not _uses_database(item)]
    queue = served + [item for item in others if _uses_database(item)]
    if processes < 2:
        return queue + without
    part, share = len(items) // processes, -(-len(without) // (processes - 1))
    ordered, queue = queue[:part], queue[part:]
    for number in range(processes - 1):
        begins = without[number * share : (number + 1) * share]
        taken = max(0, part - len(begins))
        ordered, queue = ordered + begins + queue[:taken], queue[taken:]
    return ordered + queue


def _fixtures(item: Any) -> Sequence[str]:
    return getattr(item, "fixturenames", ())


def _uses_database(item: Any) -> bool:
    return item.get_closest_marker("django_db") is not None or not WITH_DATABASE.isdisjoint(_fixtures(item))
