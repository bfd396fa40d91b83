"""What a pool's pods say: which take work, and what keeps the others from it. Pure, over pods as the API gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Pod = Mapping[str, Any]

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
    """One pod.

    ``address`` is there if it takes work, ``starting`` is where it may soon, ``problem`` tells what is wrong.
    ``leaving``: it is being deleted, or has ended. ``node`` is empty until it has one.
    """

    name: str
    address: str | None
    problem: str = ""
    starting: str | None = None
    leaving: bool = False
    node: str = ""


def facts(pod: Pod, port: int, *, answers: bool = False) -> PodFacts:
    """Give what one pod says.

    A pod that is being deleted takes nothing new. One that answers, when asked itself, that it is ready takes work
    before the kubelet's next probe has found out.
    """
    meta, status = pod["metadata"], pod.get("status", {})
    name, node = str(meta["name"]), str(pod.get("spec", {}).get("nodeName") or "")
    if meta.get("deletionTimestamp") or status.get("phase") in _ENDED:
        return PodFacts(name, None, leaving=True, node="" if status.get("phase") in _ENDED else node)
    conditions = _conditions(pod)
    host = str(status.get("podIP") or "")
    address = (f"[{host}]:{port}" if ":" in host else f"{host}:{port}") if host else None
    if address and (answers or is_ready(pod)):
        return PodFacts(name, address, node=node)
    return PodFacts(name, None, _problem(name, status, conditions), starting=address, node=node)


def is_ready(pod: Pod) -> bool:
    """Say whether the kubelet found the pod ready."""
    return bool(_conditions(pod).get("Ready", {}).get("status") == "True")


def restarted(before: Pod, now: Pod) -> bool:
    """Say whether a container ended or was started anew in between: what it answered before counts no more."""
    return _lives(before) != _lives(now)


def _lives(pod: Pod) -> list[tuple[int, bool]]:
    lives = []
    for container in pod.get("status", {}).get("containerStatuses") or ():
        state = container.get("state", {})
        ended = bool(state.get("terminated")) or (state.get("waiting") or {}).get("reason") in _WAITING
        lives.append((int(container.get("restartCount", 0)), ended))
    return [life for life in lives if life != (0, False)]  # one that is not reported yet is no news


def _conditions(pod: Pod) -> dict[str, Mapping[str, Any]]:
    return {found["type"]: found for found in pod.get("status", {}).get("conditions") or ()}


def slim(pod: Pod) -> dict[str, Any]:
    """Keep what :func:`facts` reads: a pod as the API gives it is some ten kilobytes."""
    meta, status = pod["metadata"], pod.get("status", {})
    kept = ("name", "uid", "resourceVersion", "deletionTimestamp", "annotations")
    return {
        "metadata": {key: meta.get(key) for key in kept},
        "spec": {"nodeName": pod.get("spec", {}).get("nodeName")},
        "status": {key: status.get(key) for key in ("phase", "podIP", "conditions", "containerStatuses")},
    }


def _problem(name: str, status: Mapping[str, Any], conditions: Mapping[str, Mapping[str, Any]]) -> str:
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return f"Pod {name} has no node: {scheduled.get('message', scheduled.get('reason', ''))}"
    for container in status.get("containerStatuses") or ():
        waiting = container.get("state", {}).get("waiting") or {}
        if waiting.get("reason") in _WAITING:
            detail = str(waiting.get("message") or waiting["reason"])[:200]
            return f"{_WAITING[waiting['reason']]} (pod {name}): {detail}"
    return ""


def problem_of(pods: Iterable[PodFacts], deployment: Mapping[str, Any] | None) -> str:
    """Give the first thing that a person can mend, or an empty string while all is on its way."""
    for pod in pods:
        if pod.problem:
            return pod.problem
    for found in (deployment or {}).get("status", {}).get("conditions") or ():
        if found["type"] == "ReplicaFailure" and found["status"] == "True":
            return f"Its pods are refused: {found.get('message', '')}"
    return ""
