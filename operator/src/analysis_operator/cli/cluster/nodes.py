"""Whether any node may take a pod of a pool, in a sentence. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from analysis_operator.api import Analyzer

Node = Mapping[str, Any]

_KEEPS_OUT = {"NoSchedule", "NoExecute"}


def node_sentence(analyzer: Analyzer, nodes: Sequence[Node]) -> str:
    """Return which nodes may take a pod of this pool, or what keeps it from them."""
    spec = analyzer.spec
    labels = ", ".join(f"{key}={value}" for key, value in sorted(spec.node_selector.items()))
    selected = [node for node in nodes if _selects(spec.node_selector, node)]
    if not nodes:
        return "The cluster has no nodes."
    if not selected:
        return f"No node has the labels that the pool asks for: {labels}. Nodes in all: {len(nodes)}."
    obstacles = [_obstacle(analyzer, node) for node in selected]
    able = obstacles.count("")
    kind = f"with the labels {labels}" if labels else "of the cluster"
    if not able:
        counts = Counter(obstacles)
        why = ", ".join(f"{count} {_verb(count)} {obstacle}" for obstacle, count in sorted(counts.items()))
        return f"No node {kind} takes such a pod: {why}."
    room = f"room for {spec.resources.requests.cpu} CPU and {spec.resources.requests.memory}"
    return f"{able} of {len(selected)} nodes {kind} may take such a pod, with {room}."


def _selects(selector: Mapping[str, str], node: Node) -> bool:
    labels = node["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in selector.items())


def _obstacle(analyzer: Analyzer, node: Node) -> str:
    spec, status = node.get("spec") or {}, node.get("status") or {}
    ready = any(entry["type"] == "Ready" and entry["status"] == "True" for entry in status.get("conditions") or ())
    if spec.get("unschedulable"):
        return "cordoned"
    if not ready:
        return "not ready"
    for taint in spec.get("taints") or ():
        if taint.get("effect") in _KEEPS_OUT and not _tolerates(analyzer, taint):
            return f"tainted with {taint.get('key')}={taint.get('value') or ''}:{taint['effect']}"
    return ""


def _tolerates(analyzer: Analyzer, taint: Mapping[str, Any]) -> bool:
    return any(
        toleration.key == taint.get("key")
        and toleration.effect == taint.get("effect")
        and (toleration.operator == "Exists" or toleration.value == (taint.get("value") or ""))
        for toleration in analyzer.spec.tolerations
    )


def _verb(count: int) -> str:
    return "is" if count == 1 else "are"
