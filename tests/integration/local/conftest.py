"""The command and recordings for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.guardian import Guardian
from tests.support.media.samples import make_samples


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    make_samples(folder)
    return folder


@pytest.fixture
def guardian(tmp_path: Path) -> Iterator[Guardian]:
    with Guardian(tmp_path / "out") as command:
        yield command
