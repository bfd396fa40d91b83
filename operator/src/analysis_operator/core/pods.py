"""What a pool's pods say: which take work, and what keeps the others from it. Pure, over pods as the API gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Pod = Mapping[str, Any]

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
    """One pod: its address if it takes work, and its problem if something is wrong."""

    name: str
    address: str | None
    problem: str = ""


def facts(pod: Pod, port: int) -> PodFacts:
    """Give what one pod says. A pod that is being deleted takes nothing new."""
    meta, status = pod["metadata"], pod.get("status", {})
    name = str(meta["name"])
    if meta.get("deletionTimestamp"):
        return PodFacts(name, None)
    conditions = {found["type"]: found for found in status.get("conditions") or ()}
    ready = conditions.get("Ready", {}).get("status") == "True"
    if ready and status.get("podIP"):
        host = status["podIP"]
        return PodFacts(name, f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    return PodFacts(name, None, _problem(name, status, conditions))


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
