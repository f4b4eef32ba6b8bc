"""The world that the reports are asked about: made once, as they only read it."""

from collections.abc import Iterator

import pytest

from tests.unit.reporting import World, full_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with full_world(tmp_path_factory.mktemp("reports")) as made:
        yield made
