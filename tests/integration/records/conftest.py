"""A real PostgreSQL server, and an empty database for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.support.records.postgres import Postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture
def empty(postgres: Postgres) -> str:
    return postgres.create(f"test-{uuid.uuid4().hex[:12]}")
