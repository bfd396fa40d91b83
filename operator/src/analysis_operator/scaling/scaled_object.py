"""The ScaledObject of a pool: what KEDA is told, and what it is to the pool's status. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis_operator.analyzers.manifests import Manifest, meta
from analysis_operator.api import Analyzer, ConditionState

API_VERSION = "keda.sh/v1alpha1"
FINALIZER = "finalizer.keda.sh"
POOL_KEY = "analyzer"
"""In the trigger's metadata: which pool the scaler is asked about."""

FIXED_SIZE = "FixedSize"
"""The reason of a pool that is not scaled because it was told so."""

_SILENT_SECONDS = 30.0
_SILENT_POLLS = 4
_STEP_SECONDS = 15
"""How often the HorizontalPodAutoscaler may act: its own period on a usual cluster."""


@dataclass(frozen=True, slots=True)
class KedaFacts:
    """What is known of KEDA and one ScaledObject.

    ``ready`` is its Ready condition, empty while KEDA has not spoken. ``silent_seconds``: since KEDA last asked for
    the backlog, or since it could have begun to. ``paused``: somebody told KEDA to leave the pool alone.
    """

    installed: bool = True
    ready: str = ""
    message: str = ""
    silent_seconds: float = 0.0
    paused: bool = False


def scaled_object(analyzer: Analyzer, scaler_address: str) -> Manifest:
    """Give the ScaledObject of a pool: backlog wakes it and sizes it, and CPU can add to that.

    CPU alone cannot scale from zero, and KEDA's webhook denies it; beside a backlog of nothing it would take a busy
    pool down, so what runs counts as backlog.
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
        "metadata": meta(analyzer),
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


def _behavior(analyzer: Analyzer) -> Manifest:
    """Up at once and as far as needed; down only to what was enough for the whole cooldown."""
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


def read(raw: Mapping[str, Any], silent_seconds: float) -> KedaFacts:
    """Give what a ScaledObject, as the API gives it, says of itself."""
    found = {entry.get("type"): entry for entry in raw.get("status", {}).get("conditions") or ()}
    ready = found.get("Ready", {})
    return KedaFacts(
        ready=str(ready.get("status", "")),
        message=str(ready.get("message", "")),
        silent_seconds=silent_seconds,
        paused=found.get("Paused", {}).get("status") == "True",
    )


def condition(analyzer: Analyzer, keda: KedaFacts) -> tuple[ConditionState, str, str]:
    """Give the condition ScalingActive: status, reason and message."""
    spec = analyzer.spec
    if spec.replicas is not None:
        return "False", FIXED_SIZE, f"The pool is kept at {spec.replicas} pods; KEDA is not used."
    if fault := _fault(analyzer, keda):
        return "False", *fault
    if keda.ready != "True":
        return "Unknown", "KedaStarting", "KEDA has not taken the pool over yet."
    return "True", "KedaScales", f"KEDA keeps {spec.scaling.min_replicas} to {spec.scaling.max_replicas} pods."


def _fault(analyzer: Analyzer, keda: KedaFacts) -> tuple[str, str] | None:
    """Give the reason why KEDA does not scale the pool, and a message, if that is so."""
    if not keda.installed:
        return (
            "KedaMissing",
            "KEDA is not installed, so the pool keeps the pods that it has. Install KEDA 2.21, or set spec.replicas.",
        )
    if keda.paused:  # it asks nothing then, so this comes before its silence
        return (
            "KedaPaused",
            "KEDA is paused for this pool, which stays as it is: "
            "take the annotations autoscaling.keda.sh/paused* off its ScaledObject.",
        )
    if keda.ready == "False":
        return "KedaRefuses", f"KEDA does not scale the pool: {keda.message}"[:600]
    allowed = max(_SILENT_SECONDS, _SILENT_POLLS * analyzer.spec.scaling.polling_interval_seconds)
    if keda.silent_seconds > allowed:
        return (
            "KedaSilent",
            f"KEDA has not asked for the backlog in {allowed:.0f} s, so the pool keeps the pods that it has. "
            "Look at KEDA's operator, and whether it reaches the operator's port for scaling.",
        )
    return None
