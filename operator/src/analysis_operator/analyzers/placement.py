"""Where the pods of an Analyzer run, and before which others. Pure."""

from __future__ import annotations

from analysis_operator.api import Analyzer
from analysis_operator.kube.objects import KubeObject, pod_selector

_LOST_NODE_SECONDS = 5
"""The default is 300, too long for an analysis to wait for a pod on a node that is gone."""


def placement(analyzer: Analyzer) -> KubeObject:
    """Return the fields of a pod's spec that choose its node; of those with a default only what the Analyzer says."""
    spec = analyzer.spec
    named = {"runtimeClassName": spec.runtime_class_name, "priorityClassName": spec.priority_class_name}
    spread = [
        {
            **constraint.model_dump(by_alias=True),
            "labelSelector": {"matchLabels": pod_selector(analyzer)},
            # A rollout is not held up by the pods that it is about to end.
            "matchLabelKeys": ["pod-template-hash"],
        }
        for constraint in spec.topology_spread_constraints
    ]
    return {
        "nodeSelector": spec.node_selector,
        "tolerations": [toleration.model_dump(by_alias=True) for toleration in spec.tolerations] + _lost_node(),
        **{key: name for key, name in named.items() if name is not None},
        **({"topologySpreadConstraints": spread} if spread else {}),
    }


def _lost_node() -> list[KubeObject]:
    return [
        {
            "key": f"node.kubernetes.io/{state}",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": _LOST_NODE_SECONDS,
        }
        for state in ("not-ready", "unreachable")
    ]
