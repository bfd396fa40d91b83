"""The ScaledObject of a pool: what the operator asks of KEDA, and what KEDA's answer means for the status. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis_operator.api import Analyzer, ConditionState
from analysis_operator.kube.objects import KubeObject, child_metadata

API_VERSION = "keda.sh/v1alpha1"
FINALIZER = "finalizer.keda.sh"
POOL_KEY = "analyzer"
"""The key in the trigger's metadata that names the pool."""

FIXED_SIZE = "FixedSize"
"""The reason of a pool that is not scaled because its spec fixes its size."""

_SILENT_SECONDS = 30.0
_SILENT_POLLS = 4
_STEP_SECONDS = 15
"""How often the HorizontalPodAutoscaler may act: its own period on a usual cluster."""


@dataclass(frozen=True, slots=True)
class KedaFacts:
    """What is known of KEDA and one ScaledObject.

    ``ready`` is the status of its Ready condition, empty until KEDA has set it. ``silent_seconds``: since KEDA last
    asked for the backlog, or since it could have begun to. ``paused``: annotations pause KEDA for this pool.
    """

    installed: bool = True
    ready: str = ""
    message: str = ""
    silent_seconds: float = 0.0
    paused: bool = False


def build_scaled_object(analyzer: Analyzer, scaler_address: str) -> KubeObject:
    """Return the ScaledObject of a pool: the backlog starts and sizes it, and CPU can add to that.

    CPU alone cannot scale from zero, and KEDA's webhook denies it. Beside a backlog of zero it would scale a busy
    pool down, so running analyses count as backlog.
    """
    scaling = analyzer.spec.scaling
    backlog = {
        "type": "external-push",
        "name": "backlog",
        "metricType": "AverageValue",
        "metadata": {"scalerAddress": scaler_address, POOL_KEY: analyzer.metadata.name},
    }
    cpu = {
        "type": "cpu",
        "name": "cpu",
        "metricType": "Utilization",
        "metadata": {"value": str(scaling.cpu_utilization)},
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "ScaledObject",
        "metadata": child_metadata(analyzer),
        "spec": {
            "scaleTargetRef": {"name": analyzer.metadata.name},
            "minReplicaCount": scaling.min_replicas,
            "maxReplicaCount": scaling.max_replicas,
            "cooldownPeriod": scaling.cooldown_seconds,
            "pollingInterval": scaling.polling_interval_seconds,
            "advanced": {
                "restoreToOriginalReplicaCount": False,
                "horizontalPodAutoscalerConfig": {"behavior": _behavior(analyzer)},
            },
            "triggers": [backlog, cpu],
        },
    }


def _behavior(analyzer: Analyzer) -> KubeObject:
    """Return how to scale: up at once and as far as needed, down only to what was enough for the whole cooldown."""
    scaling = analyzer.spec.scaling
    return {
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "selectPolicy": "Max",
            "policies": [{"type": "Pods", "value": scaling.max_replicas, "periodSeconds": _STEP_SECONDS}],
        },
        "scaleDown": {
            "stabilizationWindowSeconds": scaling.cooldown_seconds,
            "selectPolicy": "Max",
            "policies": [{"type": "Percent", "value": 100, "periodSeconds": _STEP_SECONDS}],
        },
    }


def read_facts(raw: Mapping[str, Any], silent_seconds: float) -> KedaFacts:
    """Return what the status of a ScaledObject, as the API server returns it, reports."""
    conditions = {entry.get("type"): entry for entry in raw.get("status", {}).get("conditions") or ()}
    ready = conditions.get("Ready", {})
    return KedaFacts(
        ready=str(ready.get("status", "")),
        message=str(ready.get("message", "")),
        silent_seconds=silent_seconds,
        paused=conditions.get("Paused", {}).get("status") == "True",
    )


def scaling_condition(analyzer: Analyzer, keda: KedaFacts) -> tuple[ConditionState, str, str]:
    """Return the condition ScalingActive: status, reason and message."""
    spec = analyzer.spec
    if spec.replicas is not None:
        return "False", FIXED_SIZE, f"spec.replicas fixes the pool at {spec.replicas} pods, so KEDA does not scale it."
    if fault := _fault(analyzer, keda):
        return "False", *fault
    if keda.ready != "True":
        return "Unknown", "KedaStarting", "KEDA has not taken over the pool yet."
    return "True", "KedaScales", f"KEDA keeps {spec.scaling.min_replicas} to {spec.scaling.max_replicas} pods."


def _fault(analyzer: Analyzer, keda: KedaFacts) -> tuple[str, str] | None:
    """Return the reason why KEDA does not scale the pool, and a message; None if it does."""
    if not keda.installed:
        return (
            "KedaMissing",
            "KEDA is not installed, so the pool keeps the pods that it has. Install KEDA 2.21, or set spec.replicas.",
        )
    if keda.paused:  # a paused KEDA does not poll, so this comes before its silence
        return (
            "KedaPaused",
            "KEDA is paused for this pool, so the pool keeps its size. "
            "Remove the annotations autoscaling.keda.sh/paused* from its ScaledObject.",
        )
    if keda.ready == "False":
        return "KedaRefuses", f"KEDA does not scale the pool: {keda.message}"[:600]
    allowed = max(_SILENT_SECONDS, _SILENT_POLLS * analyzer.spec.scaling.polling_interval_seconds)
    if keda.silent_seconds > allowed:
        return (
            "KedaSilent",
            f"KEDA has not asked for the backlog in {allowed:.0f} s, so the pool keeps the pods that it has. "
            "Check that KEDA's operator runs and reaches the scaler port of this operator.",
        )
    return None
