"""The status API on a cluster, as the chart installs it."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from tests.cluster import Cluster
from tests.cluster.shell import WITH_PATIENCE
from tests.support.kubernetes.reader import reader_of
from tests.support.operator.deployment import CHART

NAMESPACE, TENANT = "status-api-try", "family-kim"
_SELECTOR = "app.kubernetes.io/name=silver-guardian-status-api"


def _values(image: str) -> dict[str, Any]:
    repository, _, tag = image.rpartition(":")
    return {
        "enabled": True,
        "image": {"repository": repository, "tag": tag, "pullPolicy": "Never"},
        "oidc": {"issuer": "https://id.example", "audience": "guardian"},
        "tenants": {"kim": TENANT},
        "env": {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nobody"},
    }


class StatusService:
    """The status API on the cluster, installed when it is asked for the first time."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self._cluster = cluster
        self._folder = folder
        self._lock = threading.Lock()
        self._address = ""

    def address(self) -> str:
        """Return where one of its pods answers."""
        with self._lock:
            self._address = self._address or self._install()
        return self._address

    def remove(self) -> None:
        """Remove its namespaces."""
        self._cluster.kubectl("delete", "namespace", NAMESPACE, TENANT, "--ignore-not-found", "--wait=false")

    def _install(self) -> str:
        cluster = self._cluster
        image = cluster.build_images(["status-api"])["status-api"]
        for namespace in (NAMESPACE, TENANT):
            cluster.kubectl("create", "namespace", namespace)
        values = self._folder / "values.json"
        values.write_text(json.dumps({"statusApi": _values(image)}))
        options = ("--namespace", NAMESPACE, "--values", str(values), "--show-only", "templates/status-api.yaml")
        manifests = cluster.helm("template", "try", str(CHART), *options).stdout
        cluster.kubectl("apply", "--filename", "-", input=manifests)
        # Ready means that it lists and watches the tenant's namespace.
        cluster.kubectl("rollout", "status", "deployment", "--namespace", NAMESPACE, WITH_PATIENCE)
        (pod, *_) = reader_of(cluster.kubeconfig).list("pod", NAMESPACE, labels=_SELECTOR)
        return f"http://{pod['status']['podIP']}:8080"
