"""Analyzers of the scripted image on a cluster: their pods do what an object says."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.kubernetes.images import build_scripted
from tests.support.operator.deployment import Deployment, make_analyzer


class ScriptedPools:
    """Makes them. Threads may share it; the image is built once."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._lock = threading.Lock()
        self._image = ""

    def make(self, name: str, *, env: dict[str, str] | None = None, **spec: Any) -> str:
        """Make one, wait until it is ready, and return its name. KEDA scales it unless it is given `replicas`."""
        with self._lock:
            self._image = self._image or build_scripted(self._deployment.cluster)
        limits = {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"cpu": "2", "memory": "1Gi"}}
        make_analyzer(self._deployment, name, env=env, **{"image": self._image, "resources": limits, **spec})
        return name

    @contextmanager
    def made(self, name: str, **spec: Any) -> Iterator[str]:
        """Make one that is deleted at the end."""
        try:
            yield self.make(name, **spec)
        finally:
            self._deployment.kubectl("delete", "analyzer", name, "--ignore-not-found", "--wait=false")
