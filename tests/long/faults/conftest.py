from collections.abc import Callable, Iterator

import pytest

from tests.long.faults import cases
from tests.long.faults.cases import USUAL, Fault, Promise
from tests.long.faults.stage import Stage, stage
from tests.long.faults.table import Result

Hold = Callable[..., Result]


@pytest.fixture(scope="package")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One served site for the cases of this process: each leaves it working, which is a part of the promise."""
    with stage(tmp_path_factory.mktemp("f")) as running:
        running.is_short = request.config.getoption("--short-faults")
        yield running


@pytest.fixture
def hold(site: Stage, record_property: Callable[[str, object], None]) -> Hold:
    """Run a fault under load, check the promises, and add its line to the table."""

    def run(name: str, fault: Fault, promise: Promise = USUAL) -> Result:
        site.await_health()
        result = cases.run(site, name, fault, promise)
        record_property("fault", result.line())
        cases.check(result, promise)
        return result

    return run


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat each case as often as --faults says."""
    times = metafunc.config.getoption("faults")
    if times > 1:
        metafunc.fixturenames.append("repetition")
        metafunc.parametrize("repetition", range(times))
