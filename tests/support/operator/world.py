"""One operator as a process with scripted pods, over a real API server and S3 server, and what a user does with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cluster.paths import repo_root
from tests.cluster.shell import WITH_PATIENCE, value_of
from tests.support.aws.s3 import S3Process
from tests.support.kubernetes.apiserver import ApiServer
from tests.support.operator.process import API, NAMESPACE, RULES, OperatorProcess, Pods, grant
from tests.support.ports import free_port

DEPLOYMENT = "silver-guardian"


def prepare(server: ApiServer) -> None:
    """Install the CRDs and the operator's rights on a fresh API server."""
    for name in ("analysisbatches", "analysiserasures", "analysisrequests", "analysissubscriptions", "analyzers"):
        # As a release does it: the API server is stricter with what is applied by it.
        server.kubectl("apply", "--server-side", "-f", str(repo_root() / "crds" / f"{name}.yaml"))
    server.kubectl("wait", "--for=condition=Established", "crd", "--all")
    server.kubectl("create", "namespace", NAMESPACE)
    grant(server, RULES)
    deploy(server)


def deploy(server: ApiServer) -> None:
    """Make the Deployment that operators who share a Lease belong to; nothing here makes pods of it."""
    labels = {"app.kubernetes.io/name": "silver-guardian"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "operator", "image": "operator"}]}}
    server.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": DEPLOYMENT, "namespace": NAMESPACE},
            "spec": {"selector": {"matchLabels": labels}, "template": pod},
        }
    )


class World:
    """One operator with its pods, and the requests of one test."""

    def __init__(self, server: ApiServer, s3: S3Process, pods: Pods, operator: OperatorProcess) -> None:
        self.server = server
        self.s3 = s3
        self.pods = pods
        self.operator = operator
        self.port = free_port()

    def put(self, key: str, **script: Any) -> str:
        """Put a script for the scripted analyzer into the bucket, and return its URI."""
        self.s3.put("media", key, json.dumps(script).encode())
        return f"s3://media/{key}"

    def ask(self, name: str, uri: str, namespace: str = "default", **spec: Any) -> None:
        """Apply a request of the analyzer named scripted."""
        meta = {"name": name, "namespace": namespace}
        body = {"source": {"uri": uri}, "analyzers": ["scripted"], **spec}
        self.server.apply({"apiVersion": API, "kind": "AnalysisRequest", "metadata": meta, "spec": body})

    def ask_many(self, prefix: str, count: int, uri: str) -> list[str]:
        """Apply requests of the analyzer named scripted all at once, and return their names."""
        spec = {"source": {"uri": uri}, "analyzers": ["scripted"]}
        kind = {"apiVersion": API, "kind": "AnalysisRequest", "spec": spec}
        names = [f"{prefix}-{number}" for number in range(count)]
        self.server.apply(*(kind | {"metadata": {"name": name, "namespace": "default"}} for name in names))
        return names

    def patch(self, kind: str, name: str, body: dict[str, Any], namespace: str = "default") -> None:
        """Merge something into an object."""
        self.server.kubectl("patch", kind, name, "-n", namespace, "--type=merge", "-p", json.dumps(body))

    def status(self, name: str, namespace: str = "default") -> dict[str, Any]:
        """Return a request's status."""
        status: dict[str, Any] = self.server.read.get("analysisrequest", name, namespace).get("status", {})
        return status

    def reason(self, name: str, namespace: str = "default") -> str:
        """Return the reason of a request's condition Succeeded."""
        reasons = {entry["type"]: entry["reason"] for entry in self.status(name, namespace)["conditions"]}
        return str(reasons["Succeeded"])

    def wait(self, name: str, namespace: str = "default") -> dict[str, Any]:
        """Wait as a user does, with kubectl, and return the status at the end."""
        self.server.kubectl("wait", "--for=condition=Finished", f"areq/{name}", "-n", namespace, WITH_PATIENCE)
        return self.status(name, namespace)

    def until_running(self, name: str) -> str:
        """Wait until an analysis runs in the pod that the status names, and return that pod."""
        return value_of(lambda: self._running(name), f"{name} to run")

    def _running(self, name: str) -> str | None:
        entries = self.status(name).get("analyses", [])
        named = next((entry["pod"] for entry in entries if entry["state"] == "Running"), None)
        return named if named and self.pods.busy(named) else None


def open_world(
    server: ApiServer,
    s3: S3Process,
    folder: Path,
    *,
    pods: int = 1,
    concurrency: int = 1,
    kubeconfig: Path | None = None,
    of_pods: dict[str, str] | None = None,
    **settings: Any,
) -> World:
    """Start an operator with pods of its own over an API server and S3; `of_pods` leads them to another S3."""
    operator = OperatorProcess(server, folder, kubeconfig, **settings)
    world = World(server, s3, Pods(server, folder, of_pods or s3.environment()), operator)
    try:
        if pods:
            world.pods.pool("scripted", port=world.port, pods=pods, concurrency=concurrency)
        operator.start()
    except BaseException:
        close_world(world)
        raise
    return world


def close_world(world: World) -> None:
    """Stop both, and delete what they and their requests left."""
    try:
        world.operator.stop()
    finally:
        world.pods.__exit__()
    server = world.server
    server.kubectl("delete", "areq", "--all", "--all-namespaces", "--wait=false")
    server.kubectl("delete", "analyzers", "--all", "-n", NAMESPACE)
    server.kubectl("delete", "deploy,svc,sa,pdb,netpol", "-n", NAMESPACE, "-l", "silverguardian.io/analyzer")
