from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.rescue import Rescue


@pytest.fixture
def rescue(tmp_path: Path) -> Iterator[Rescue]:
    made = Rescue(tmp_path)
    yield made
    made.database.close()
