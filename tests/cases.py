"""Many cases of one test: cheaper than pytest.mark.parametrize, which makes fixtures and a report for each."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

Test = Callable[..., None]


def each_case(names: str | Sequence[str], cases: Iterable[Any]) -> Callable[[Test], Test]:
    """Like pytest.mark.parametrize, but one test runs all cases, with the same fixtures.

    Within the `db` fixture each case begins with the rows of the fixtures: what it writes is rolled back. All cases
    run, and the failure has an exception for each that failed, with the case's values in a note.
    """
    of_case = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    all_cases = [case if len(of_case) > 1 else (case,) for case in cases]
    assert all(len(case) == len(of_case) for case in all_cases), of_case

    def decorate(test: Test) -> Test:
        def test_all(*arguments: Any, **fixtures: Any) -> None:
            failed: list[BaseException] = []
            for case in all_cases:
                values = dict(zip(of_case, case, strict=True))
                try:
                    with _rolled_back():
                        test(*arguments, **fixtures, **values)
                except (Exception, pytest.fail.Exception) as error:
                    error.add_note(f"This was the case {values!r}.")
                    failed.append(error)
            if failed:
                raise BaseExceptionGroup(
                    f"{len(failed)} of {len(all_cases)} cases of {test.__qualname__} failed", failed
                )

        signature = inspect.signature(test)
        kept = [one for name, one in signature.parameters.items() if name not in of_case]
        assert len(kept) + len(of_case) == len(signature.parameters), of_case
        vars(test_all).update(vars(test), __signature__=signature.replace(parameters=kept))
        test_all.__name__, test_all.__qualname__, test_all.__doc__ = test.__name__, test.__qualname__, test.__doc__
        test_all.__module__ = test.__module__
        return test_all

    return decorate


@contextmanager
def _rolled_back() -> Iterator[None]:
    """Undo what the block has written, if the test is in a transaction."""
    if not connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
