"""Asks a cluster for verdicts, as a user with kubectl does."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.cluster import Cluster
from tests.cluster.shell import PATIENCE_SECONDS, WITH_PATIENCE, value_of
from tests.support.kubernetes.reader import Reader, reader_of
from tests.support.operator.deployment import RELEASE

API = "silverguardian.io/v1alpha1"
_PORT = 8000
"""Of the audio analyzer, and of the scripted ones, whose spec is made from its spec."""


_UNCHECKED = "--validate=false"
"""The API server checks what counts; kubectl would read the definitions of every kind, each time."""


class Requests:
    """AnalysisRequests of one namespace. Each is analysed again unless ``refresh=False``: tests watch the work."""

    def __init__(self, cluster: Cluster, namespace: str = "default") -> None:
        self._cluster = cluster
        self.namespace = namespace

    @property
    def read(self) -> Reader:
        """Reads objects of the cluster."""
        return reader_of(self._cluster.kubeconfig)

    def kubectl(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        """Run kubectl in the namespace and return what it says, errors included."""
        done = self._cluster.kubectl("-n", self.namespace, *arguments, input=stdin, check=check)
        return f"{done.stdout}{done.stderr}"

    def ask(self, name: str, uri: str, *analyzers: str, **spec: Any) -> str:
        """Apply a request and return its name."""
        self._apply([name], uri, *analyzers, **spec)
        return name

    def ask_many(self, prefix: str, count: int, uri: str, *analyzers: str, **spec: Any) -> list[str]:
        """Apply requests that differ by their number alone, all at once, and return their names."""
        names = [f"{prefix}-{number}" for number in range(count)]
        self._apply(names, uri, *analyzers, **spec)
        return names

    def status(self, name: str) -> dict[str, Any]:
        """Return a request's status."""
        status: dict[str, Any] = self.read.get("analysisrequest", name, self.namespace).get("status", {})
        return status

    def wait(self, name: str) -> dict[str, Any]:
        """Wait for the end, and return the status."""
        self.kubectl("wait", "--for=condition=Finished", f"areq/{name}", WITH_PATIENCE)
        return self.status(name)

    def verdict_of(self, name: str, uri: str, *analyzers: str, **spec: Any) -> dict[str, Any]:
        """Ask and wait."""
        return self.wait(self.ask(name, uri, *analyzers, **spec))

    def running(self, name: str) -> str:
        """Wait until an analysis of the request runs in the pod that its status names, and return that pod.

        The status alone does not say: it was written earlier, and the pod may have lost the work since.
        """

        def pod() -> str | None:
            entries = self.status(name).get("analyses", [])
            named = next((entry["pod"] for entry in entries if entry["state"] == "Running"), None)
            return named if named and busy(self._cluster, named) else None

        return value_of(pod, f"{name} to run")

    def _apply(self, names: list[str], uri: str, *analyzers: str, **spec: Any) -> None:
        chosen = {"analyzers": list(analyzers)} if analyzers else {}
        patient = {"refresh": True, "timeoutSeconds": round(PATIENCE_SECONDS)}
        body = {"source": {"uri": uri}, **patient, **chosen, **spec}
        kind = {"apiVersion": API, "kind": "AnalysisRequest", "spec": body}
        items = [kind | {"metadata": {"name": name, "namespace": self.namespace}} for name in names]
        self.kubectl(
            "apply", "-f", "-", _UNCHECKED, stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        )


def busy(cluster: Cluster, pod: str, namespace: str = RELEASE) -> int | None:
    """Return how many analyses run in an analyzer's pod, as it says itself; None if it does not answer."""
    path = f"api/v1/namespaces/{namespace}/pods/{pod}:{_PORT}/proxy/health"
    try:
        health = reader_of(cluster.kubeconfig).raw(path)
    except httpx.HTTPError:
        return None
    return int(health["busy"]) if health else None


def condition(status: dict[str, Any], kind: str = "Succeeded") -> dict[str, Any]:
    """Return a status's condition of one type, or an empty one."""
    return next((entry for entry in status["conditions"] if entry["type"] == kind), {})


def analysis(status: dict[str, Any], name: str) -> dict[str, Any]:
    """Return one analyzer's entry of a status."""
    (match,) = [entry for entry in status["analyses"] if entry["name"] == name]
    return dict(match)
