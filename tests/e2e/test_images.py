"""The images, as they are built from this checkout."""

from __future__ import annotations

import pytest

from tests.cluster import Cluster

pytestmark = pytest.mark.together("calm")

MEGABYTE = 1_000_000
LIMITS = {"operator": 300, "audio": 400, "video": 500, "context": 400, "status-api": 200}


def test_images_stay_small(cluster: Cluster) -> None:
    sizes = {
        target: cluster.image_size(name) / MEGABYTE for target, name in cluster.build_images(tuple(LIMITS)).items()
    }
    assert {target: round(size) for target, size in sizes.items() if size > LIMITS[target]} == {}
