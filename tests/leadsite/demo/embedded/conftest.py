from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.leadsite.demo.embedded.servers import shared_database


@pytest.fixture
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with shared_database(tmp_path_factory.getbasetemp()) as path:
        yield path
