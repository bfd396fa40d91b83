"""The whole product on a real cluster: built once for the session, and left as it was found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import Cluster, S3Server, find_cluster
from tests.support.analyzers.ask import Requests
from tests.support.kubernetes.images import build_scripted
from tests.support.media.samples import make_samples
from tests.support.operator.deployment import Deployment, install, make_analyzer, s3_client

# Warm pools for the tests of verdicts; those of scaling make pools of their own.
VALUES: dict[str, Any] = {
    "operator": {"retryBaseSeconds": 0.5},
    "analyzers": {name: {"replicas": 1} for name in ("audio", "video")},
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
    items.sort(key=lambda item: item.path == here / "test_uninstall.py")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    running = find_cluster()
    was_up = running.status().healthy
    running.up()
    yield running
    if not was_up:
        running.down()


@pytest.fixture(scope="session")
def s3(cluster: Cluster) -> S3Server:
    return cluster.start_s3()


@pytest.fixture(scope="session")
def deployment(cluster: Cluster, s3: S3Server) -> Iterator[Deployment]:
    installation = install(cluster, s3, values=VALUES)
    yield installation
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


@pytest.fixture(scope="session")
def media(s3: S3Server, deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Media:
    return Media(s3, tmp_path_factory.mktemp("samples"))


@pytest.fixture
def requests(cluster: Cluster, deployment: Deployment) -> Iterator[Requests]:
    helper = Requests(cluster)
    yield helper
    helper.kubectl("delete", "areq", "--all", "--wait=false")


@pytest.fixture(scope="session")
def scripted(cluster: Cluster, deployment: Deployment) -> str:
    """An Analyzer named scripted with two pods, on the images that the product has."""
    make_scripted(cluster, deployment, "scripted", replicas=2)
    return "scripted"


def make_scripted(
    cluster: Cluster, deployment: Deployment, name: str, *, env: dict[str, str] | None = None, **spec: Any
) -> None:
    """Make an Analyzer of the scripted image, scaled by KEDA unless given `replicas`, and wait until it is ready."""
    limits = {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"cpu": "2", "memory": "1Gi"}}
    settings = {"image": build_scripted(cluster), "resources": limits, **spec}
    make_analyzer(deployment, name, env=env, **settings)
