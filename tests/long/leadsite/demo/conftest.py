from collections.abc import Iterator
from pathlib import Path

import pytest

from leadsite.demo.embedded import EmbeddedPostgres


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data directory of the demos of this module, which run one after another."""
    path = tmp_path_factory.mktemp("d")
    yield path
    EmbeddedPostgres(path).stop()
