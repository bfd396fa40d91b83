"""What every test shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Where a failure stops a submission, the same examples are tried each time; new ones are looked for at the desk.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

_CLUSTER_TESTS = ("e2e", "integration/test_cluster_smoke.py", "integration/test_images.py")


@pytest.hookimpl(tryfirst=True)  # before xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """There is one cluster: its tests go one after the other, and first, since they are the longest and mostly wait."""
    here = Path(__file__).parent
    places = [here / name for name in _CLUSTER_TESTS]
    on_cluster = [item for item in items if any(place in (item.path, *item.path.parents) for place in places)]
    for item in on_cluster:
        item.add_marker(pytest.mark.xdist_group("cluster"))
    if os.environ.get("PYTEST_XDIST_WORKER"):
        items[:] = [*on_cluster, *(item for item in items if item not in set(on_cluster))]
