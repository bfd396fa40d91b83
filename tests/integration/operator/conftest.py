"""A real API server, a real S3 server, the operator as a process, and scripted analyzers as its pods."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.aws.s3 import S3Process
from tests.support.collector import Collector
from tests.support.kubernetes.apiserver import ApiServer
from tests.support.operator.world import World, close_world, open_world, prepare


@pytest.fixture(scope="package")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with ApiServer(tmp_path_factory.mktemp("apiserver")) as server:
        prepare(server)
        yield server


@pytest.fixture(scope="package")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Process]:
    with S3Process(tmp_path_factory.mktemp("s3")) as server:
        server.make_bucket("media")
        yield server


@pytest.fixture
def collector(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """OpenTelemetry's collector, to which processes started by the test send their spans."""
    with Collector(tmp_path_factory.mktemp("collector")) as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        yield server


@pytest.fixture
def make_world(api_server: ApiServer, s3: S3Process, tmp_path: Path) -> Iterator[Callable[..., World]]:
    """For a test that needs an operator of its own; no `world` may be open in its module."""
    worlds: list[World] = []

    def make(**settings: Any) -> World:
        worlds.append(open_world(api_server, s3, tmp_path, **settings))
        return worlds[-1]

    yield make
    for world in worlds:
        close_world(world)


@pytest.fixture(scope="module")
def world(api_server: ApiServer, s3: S3Process, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One operator with one pod of one slot, for every test of a module."""
    opened = open_world(api_server, s3, tmp_path_factory.mktemp("world"))
    yield opened
    close_world(opened)
