"""Read the pods of a pool, as the API server returns them: which take work, and what keeps the others from it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Pod = Mapping[str, Any]

PORT_NAME = "http"
"""Of the port that serves the analyzer contract."""

_ENDED = {"Succeeded", "Failed"}
_WAITING = {
    "ErrImagePull": "Its image cannot be pulled",
    "ImagePullBackOff": "Its image cannot be pulled",
    "ErrImageNeverPull": "Its image is not on the node",
    "InvalidImageName": "Its image has an invalid name",
    "CrashLoopBackOff": "It crashes at its start",
    "CreateContainerConfigError": "Its configuration is incomplete",
    "RunContainerError": "It cannot be started",
}


@dataclass(frozen=True, slots=True)
class PodFacts:
    """What one pod's status says.

    ``address`` is set if the pod takes work, ``starting`` is the address of a pod that may soon, ``problem`` says what
    keeps it from work. ``leaving``: it is being deleted, or has ended. ``node`` is empty until it is scheduled.
    """

    name: str
    address: str | None
    problem: str = ""
    starting: str | None = None
    leaving: bool = False
    node: str = ""
    uid: str = ""


def pod_facts(pod: Pod, port: int, *, answers: bool = False) -> PodFacts:
    """Return the facts of one pod.

    A pod that is being deleted takes no new work.

    Args:
        pod: as the API server returns it, or its summary.
        port: where its analyzer listens, unless the pod says so itself: it keeps its port when the Analyzer is edited.
        answers: whether the pod itself has answered that it is ready; this counts before the kubelet's next probe.
    """
    meta, status = pod["metadata"], pod.get("status", {})
    name, uid, node = str(meta["name"]), str(meta.get("uid", "")), str(pod.get("spec", {}).get("nodeName") or "")
    if meta.get("deletionTimestamp") or status.get("phase") in _ENDED:
        return PodFacts(name, None, leaving=True, node="" if status.get("phase") in _ENDED else node, uid=uid)
    conditions = _conditions(pod)
    host = str(status.get("podIP") or "")
    port = _port_of(pod) or port
    address = (f"[{host}]:{port}" if ":" in host else f"{host}:{port}") if host else None
    if address and (answers or is_ready(pod)):
        return PodFacts(name, address, node=node, uid=uid)
    return PodFacts(name, None, _pod_problem(name, status, conditions), starting=address, node=node, uid=uid)


def is_ready(pod: Pod) -> bool:
    """Return whether the kubelet reports the pod as ready."""
    return bool(_conditions(pod).get("Ready", {}).get("status") == "True")


def has_restarted(before: Pod, now: Pod) -> bool:
    """Return whether a container has ended or restarted in between, so that its earlier answers no longer count."""
    return _container_runs(before) != _container_runs(now)


def _container_runs(pod: Pod) -> list[tuple[int, bool]]:
    runs = []
    for container in pod.get("status", {}).get("containerStatuses") or ():
        state = container.get("state", {})
        ended = bool(state.get("terminated")) or (state.get("waiting") or {}).get("reason") in _WAITING
        runs.append((int(container.get("restartCount", 0)), ended))
    return [run for run in runs if run != (0, False)]  # a container that is first reported has not restarted


def _conditions(pod: Pod) -> dict[str, Mapping[str, Any]]:
    return {condition["type"]: condition for condition in pod.get("status", {}).get("conditions") or ()}


def pod_summary(pod: Pod) -> dict[str, Any]:
    """Return the parts that :func:`pod_facts` reads: a whole pod takes some ten kilobytes."""
    meta, status = pod["metadata"], pod.get("status", {})
    keys = ("name", "uid", "resourceVersion", "deletionTimestamp", "annotations")
    return {
        "metadata": {key: meta.get(key) for key in keys},
        "spec": {"nodeName": pod.get("spec", {}).get("nodeName"), "containers": _ports(pod)},
        "status": {key: status.get(key) for key in ("phase", "podIP", "conditions", "containerStatuses")},
    }


def _ports(pod: Pod) -> list[dict[str, Any]]:
    containers = pod.get("spec", {}).get("containers") or ()
    return [{"ports": container["ports"]} for container in containers if container.get("ports")]


def _port_of(pod: Pod) -> int | None:
    ports = (port for container in _ports(pod) for port in container["ports"])
    return next((int(port["containerPort"]) for port in ports if port.get("name") == PORT_NAME), None)


def _pod_problem(name: str, status: Mapping[str, Any], conditions: Mapping[str, Mapping[str, Any]]) -> str:
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return f"Pod {name} has no node: {scheduled.get('message', scheduled.get('reason', ''))}"
    for container in status.get("containerStatuses") or ():
        waiting = container.get("state", {}).get("waiting") or {}
        if waiting.get("reason") in _WAITING:
            detail = str(waiting.get("message") or waiting["reason"])[:200]
            return f"{_WAITING[waiting['reason']]} (pod {name}): {detail}"
    return ""


def first_problem(pods: Iterable[PodFacts], deployment: Mapping[str, Any] | None) -> str:
    """Return the first problem that a person can fix, or an empty string while the pods are on their way."""
    for pod in pods:
        if pod.problem:
            return pod.problem
    for condition in (deployment or {}).get("status", {}).get("conditions") or ():
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            return f"Its pods are refused: {condition.get('message', '')}"
    return ""
