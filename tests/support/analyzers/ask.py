"""Asks a cluster for verdicts, as a user with kubectl does."""

from __future__ import annotations

import json
from typing import Any

from tests.cluster import Cluster
from tests.cluster.shell import value_of
from tests.support.operator.deployment import RELEASE

API = "silverguardian.io/v1alpha1"
_PORT = 8000
"""Of the audio analyzer, and of the scripted ones, whose spec is made from its spec."""


class Requests:
    """AnalysisRequests of one namespace."""

    def __init__(self, cluster: Cluster, namespace: str = "default") -> None:
        self._cluster = cluster
        self.namespace = namespace

    def kubectl(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        """Run kubectl in the namespace and return what it says, errors included."""
        done = self._cluster.kubectl("-n", self.namespace, *arguments, input=stdin, check=check)
        return f"{done.stdout}{done.stderr}"

    def ask(self, name: str, uri: str, *analyzers: str, **spec: Any) -> str:
        """Apply a request and return its name."""
        body = {"source": {"uri": uri}, **({"analyzers": list(analyzers)} if analyzers else {}), **spec}
        meta = {"name": name, "namespace": self.namespace}
        manifest = {"apiVersion": API, "kind": "AnalysisRequest", "metadata": meta, "spec": body}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))
        return name

    def status(self, name: str) -> dict[str, Any]:
        """Return a request's status."""
        status: dict[str, Any] = json.loads(self.kubectl("get", "areq", name, "-o", "json")).get("status", {})
        return status

    def wait(self, name: str, seconds: int = 90) -> dict[str, Any]:
        """Wait for the end, and return the status."""
        self.kubectl("wait", "--for=condition=Finished", f"areq/{name}", f"--timeout={seconds}s")
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

        return value_of(pod, f"{name} to run", timeout=60, interval=0.2)


def busy(cluster: Cluster, pod: str, namespace: str = RELEASE) -> int | None:
    """Return how many analyses run in an analyzer's pod, as it says itself; None if it does not answer."""
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}:{_PORT}/proxy/health"
    answer = cluster.kubectl("get", "--raw", path, check=False)
    return int(json.loads(answer.stdout)["busy"]) if answer.returncode == 0 else None


def condition(status: dict[str, Any], kind: str = "Succeeded") -> dict[str, Any]:
    """Return a status's condition of one type, or an empty one."""
    return next((entry for entry in status["conditions"] if entry["type"] == kind), {})


def analysis(status: dict[str, Any], name: str) -> dict[str, Any]:
    """Return one analyzer's entry of a status."""
    (match,) = [entry for entry in status["analyses"] if entry["name"] == name]
    return dict(match)
