"""A real PostgreSQL server, and an empty database for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.support.records.postgres import Postgres
from tests.support.waiting import PATIENCE_SECONDS


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture(autouse=True, scope="package")
def patient() -> Iterator[None]:
    """Wait for a database on a busy machine longer than the product does; tests of its limits set their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("analysis_records.database._GRACE_SECONDS", PATIENCE_SECONDS)
        yield


@pytest.fixture
def empty(postgres: Postgres) -> str:
    return postgres.create(f"test-{uuid.uuid4().hex[:12]}")
