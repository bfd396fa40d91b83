"""The whole product on a real cluster: built once for all tests here, and left as it was found when they have ended.

A cluster that only waits takes a third of a processor from the tests that come after.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import Cluster, S3Server, find_cluster
from tests.support.analyzers.ask import Requests
from tests.support.media.samples import make_samples
from tests.support.operator.deployment import Deployment, install, s3_client
from tests.support.operator.scripted_pools import ScriptedPools
from tests.support.together import begin_together, pytest_pyfunc_call
from tests.support.web.status_service import StatusService

__all__ = ["begin_together", "pytest_pyfunc_call"]

# Warm pools for the tests of verdicts; those of scaling make pools of their own.
VALUES: dict[str, Any] = {
    "operator": {"retryBaseSeconds": 0.5, "cachedSeconds": 3600},
    "analyzers": {name: {"replicas": 1} for name in ("audio", "video")},
}
_GROUPS = ("calm", "without KEDA")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First what goes on together, then what disturbs everything else, and at the very end what removes it."""
    here = Path(__file__).parent
    places = [place for place, item in enumerate(items) if here in item.path.parents]
    ours = sorted((items[place] for place in places), key=_turn)
    for place, item in zip(places, ours, strict=True):
        item.add_marker(pytest.mark.e2e)
        items[place] = item


def _turn(item: pytest.Item) -> int:
    marker = item.get_closest_marker("together")
    if marker is not None:
        return _GROUPS.index(marker.args[0])
    return len(_GROUPS) + (item.path.name == "test_uninstall.py")


@pytest.fixture(scope="package")
def was_up() -> Iterator[bool]:
    """Say whether the cluster ran before: then it goes on, and is left as it was found."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    # What waits here for seconds goes before tests in other processes that compute for minutes.
    os.setpriority(os.PRIO_PROCESS, 0, -5)
    yield find_cluster().status().healthy
    os.setpriority(os.PRIO_PROCESS, 0, before)


@pytest.fixture(scope="package")
def cluster(was_up: bool) -> Iterator[Cluster]:
    running = find_cluster()
    running.up()
    yield running
    if not was_up:
        running.down()


@pytest.fixture(scope="package")
def s3(cluster: Cluster) -> S3Server:
    return cluster.start_s3()


@pytest.fixture(scope="package")
def deployment(cluster: Cluster, s3: S3Server, was_up: bool) -> Iterator[Deployment]:
    installation = install(cluster, s3, values=VALUES)
    yield installation
    if was_up:
        cluster.kubectl("delete", "areq", "--all", "--all-namespaces", "--wait=false")
        installation.uninstall()


class Media:
    """The media bucket."""

    def __init__(self, s3: S3Server, folder: Path) -> None:
        self._client = s3_client(s3)
        self.samples = make_samples(folder)

    def put(self, key: str, content: bytes | Path) -> str:
        """Put an object, and return its URI."""
        self._client.put_object(
            Bucket="media", Key=key, Body=content if isinstance(content, bytes) else content.read_bytes()
        )
        return f"s3://media/{key}"

    def script(self, key: str, **script: Any) -> str:
        """Put a script for the scripted analyzer, and return its URI."""
        return self.put(key, json.dumps(script).encode())

    def sample(self, name: str) -> str:
        """Put one of the samples, and return its URI."""
        return self.put(name, self.samples[name])


@pytest.fixture(scope="package")
def media(s3: S3Server, deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Media:
    return Media(s3, tmp_path_factory.mktemp("samples"))


@pytest.fixture(scope="package")
def requests(cluster: Cluster, deployment: Deployment) -> Requests:
    return Requests(cluster)


@pytest.fixture(scope="package")
def status_api(
    cluster: Cluster, deployment: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StatusService]:
    """Its definitions are those of the deployment."""
    service = StatusService(cluster, tmp_path_factory.mktemp("status-api"))
    yield service
    service.remove()


@pytest.fixture(scope="package")
def scripted_pools(deployment: Deployment) -> ScriptedPools:
    return ScriptedPools(deployment)


@pytest.fixture(scope="package")
def scripted(scripted_pools: ScriptedPools) -> str:
    """A pool named scripted, of five pods."""
    return scripted_pools.make("scripted", replicas=5)
