"""Images that only tests and benchmarks need."""

from __future__ import annotations

from pathlib import Path

from tests.cluster import Cluster
from tests.cluster.interface import image_name

_SCRIPTED = Path(__file__).parents[1] / "scripted_analyzer"


def build_scripted(cluster: Cluster) -> str:
    """Build the scripted analyzer on the audio analyzer's image, load it into the nodes, and return its name."""
    # Its Dockerfile stands on this very name.
    cluster.build_images(["audio"])
    return cluster.build_image(_SCRIPTED, _SCRIPTED / "Dockerfile", image_name("scripted", "dev"))
