"""The ScaledObject of a pool, and what the status of the pool says about KEDA."""

from __future__ import annotations

from typing import Any

import pytest

from analysis_operator.api import Analyzer
from analysis_operator.scaling.scaled_object import KedaFacts, build_scaled_object, read_facts, scaling_condition


def analyzer(**spec: Any) -> Analyzer:
    meta = {"name": "audio", "namespace": "sg", "uid": "u1", "resourceVersion": "1"}
    return Analyzer.model_validate({"metadata": meta, "spec": {"image": "audio:1", **spec}})


def test_by_default_a_pool_sleeps_at_zero_and_grows_to_five() -> None:
    spec = build_scaled_object(analyzer(), "scaler:9090")["spec"]
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (0, 5)
    assert (spec["cooldownPeriod"], spec["pollingInterval"]) == (300, 5)
    assert spec["scaleTargetRef"] == {"name": "audio"}
    backlog, cpu = spec["triggers"]
    assert (backlog["type"], backlog["metadata"]) == (
        "external-push",
        {"scalerAddress": "scaler:9090", "analyzer": "audio"},
    )
    assert (cpu["type"], cpu["metricType"], cpu["metadata"]) == ("cpu", "Utilization", {"value": "50"})


def test_the_scaling_of_the_analyzer_is_in_the_scaled_object() -> None:
    scaling = {
        "minReplicas": 1,
        "maxReplicas": 9,
        "cooldownSeconds": 60,
        "pollingIntervalSeconds": 2,
        "cpuUtilization": 80,
    }
    spec = build_scaled_object(analyzer(scaling=scaling), "scaler:9090")["spec"]
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (1, 9)
    assert (spec["cooldownPeriod"], spec["pollingInterval"]) == (60, 2)
    assert spec["triggers"][1]["metadata"] == {"value": "80"}
    behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behavior["scaleUp"]["stabilizationWindowSeconds"] == 0
    assert behavior["scaleUp"]["policies"][0]["value"] == 9
    assert behavior["scaleDown"]["stabilizationWindowSeconds"] == 60


def test_it_goes_when_its_analyzer_goes() -> None:
    (owner,) = build_scaled_object(analyzer(), "scaler:9090")["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["blockOwnerDeletion"]) == ("Analyzer", "u1", True)


CONDITIONS = [
    ("KEDA works", {}, KedaFacts(ready="True"), "True", "KedaScales", "0 to 5 pods"),
    ("not taken over yet", {}, KedaFacts(), "Unknown", "KedaStarting", "not taken"),
    ("not installed", {}, KedaFacts(installed=False), "False", "KedaMissing", "Install KEDA"),
    ("refused", {}, KedaFacts(ready="False", message="no such target"), "False", "KedaRefuses", "no such target"),
    ("paused", {}, KedaFacts(ready="True", silent_seconds=99, paused=True), "False", "KedaPaused", "paused"),
    ("silent", {}, KedaFacts(ready="True", silent_seconds=31), "False", "KedaSilent", "30 s"),
    ("never spoke", {}, KedaFacts(silent_seconds=31), "False", "KedaSilent", "30 s"),
    (
        "silent for less than four of its polls",
        {"scaling": {"pollingIntervalSeconds": 60}},
        KedaFacts(ready="True", silent_seconds=200),
        "True",
        "KedaScales",
        "",
    ),
    ("a fixed size", {"replicas": 3}, KedaFacts(installed=False), "False", "FixedSize", "3 pods"),
]


@pytest.mark.parametrize(
    ("spec", "keda", "status", "reason", "message"), [row[1:] for row in CONDITIONS], ids=[row[0] for row in CONDITIONS]
)
def test_the_condition_says_what_scales_the_pool(
    spec: dict[str, Any], keda: KedaFacts, status: str, reason: str, message: str
) -> None:
    condition = scaling_condition(analyzer(**spec), keda)
    assert condition[:2] == (status, reason)
    assert message in condition[2]


def test_keda_is_read_from_its_own_ready_condition() -> None:
    raw = {"status": {"conditions": [{"type": "Ready", "status": "False", "message": "denied"}, {"type": "Active"}]}}
    assert read_facts(raw, 2.0) == KedaFacts(ready="False", message="denied", silent_seconds=2.0)
    assert read_facts({}, 3.0) == KedaFacts(silent_seconds=3.0)
    assert read_facts({"status": {"conditions": [{"type": "Paused", "status": "True"}]}}, 3.0).paused
