"""What the chart renders, and what the operator makes of it, against the schemas of all its kinds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from analysis_operator.analyzers.manifests import child_objects
from analysis_operator.api import Analyzer
from analysis_operator.scaling.scaled_object import build_scaled_object
from tests.support.chart import Manifest, rendered
from tests.support.kubernetes.schemas import conform
from tests.unit.charts.test_monitoring import ON

pytestmark = pytest.mark.integration

EVERYTHING: Manifest = {
    **ON,
    "operator": {
        "replicas": 3,
        "resultsURI": "s3://results/here",
        "grants": {"*": [], "team": ["s3://media/team/"]},
        "imagePullSecrets": [{"name": "registry"}],
        "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/operator"}},
        "nodeSelector": {"workload": "system"},
        "tolerations": [{"key": "dedicated", "operator": "Exists"}],
        "priorityClassName": "system-cluster-critical",
        "podAnnotations": {"example.org/team": "guardians"},
        "env": {"HTTPS_PROXY": "http://proxy:3128", "TOKEN": {"secretKey": {"name": "keys", "key": "token"}}},
    },
    "s3": {"region": "eu-central-1", "endpointURL": "http://s3:9000", "credentialsSecret": {"name": "keys"}},
    "database": {"existingSecret": "records", "ca": {"configMap": "authority"}},
    "stepFunctions": {"endpointURL": "http://stepfunctions:8083"},
    "statusApi": {
        "enabled": True,
        "oidc": {"issuer": "https://id.example.org", "audience": "guardian"},
        "tenants": {"family-kim": "kim"},
        "database": {"existingSecret": "reader"},
    },
    "analyzers": {
        "audio": {"models": {"image": "registry/models:7"}, "serviceAccountName": "audio"},
        "video": {"replicas": 3, "models": {"claim": "models"}},
        "context": {"models": {"image": "registry/models:7"}, "transcription": {"language": "ko"}},
        "own": {"enabled": True, "image": {"repository": "own"}, "port": 8009},
    },
}
MINIMAL: Manifest = {
    "operator": {"replicas": 1},
    "networkPolicy": {"enabled": False},
    "analyzers": {"audio": {"resources": None, "nodeSelector": None, "tolerations": None}, "video": {"enabled": False}},
}


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("schemas")


def made_by_the_operator(manifests: list[Manifest]) -> list[Manifest]:
    """Return what the Analyzers among these become."""
    children: list[Manifest] = []
    for manifest in manifests:
        if manifest["kind"] == "Analyzer":
            meta = {**manifest["metadata"], "uid": "u1", "resourceVersion": "1"}
            analyzer = Analyzer.model_validate({"metadata": meta, "spec": manifest["spec"]})
            children += child_objects(analyzer)
            children += [build_scaled_object(analyzer, "10.0.0.7:9090")] if analyzer.spec.replicas is None else []
    return children


@pytest.mark.parametrize(
    "values", [{}, MINIMAL, EVERYTHING], ids=["with its defaults", "with little", "with everything"]
)
def test_every_manifest_fits_its_schema(schemas: Path, tmp_path: Path, values: Manifest) -> None:
    manifests = rendered(tmp_path, values)
    manifests += made_by_the_operator(manifests)
    report = conform(schemas, yaml.safe_dump_all(manifests))
    assert report["resources"] == []
    assert report["summary"] == {"valid": len(manifests), "invalid": 0, "errors": 0, "skipped": 0}


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("Deployment", "replica", 2),
        ("PodDisruptionBudget", "maxUnavailable", [1]),
        ("Analyzer", "image", 7),
        ("ServiceMonitor", "endpoint", []),
        ("ScaledObject", "maxReplicaCount", "five"),
    ],
)
def test_a_wrong_or_unknown_field_is_found(schemas: Path, tmp_path: Path, kind: str, field: str, value: Any) -> None:
    manifests = rendered(tmp_path, ON)
    wrong = next(manifest for manifest in [*manifests, *made_by_the_operator(manifests)] if manifest["kind"] == kind)
    wrong["spec"][field] = value
    (report,) = conform(schemas, yaml.safe_dump(wrong))["resources"]
    assert (report["kind"], report["status"]) == (kind, "statusInvalid")
    assert field in report["msg"]
