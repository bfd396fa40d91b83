"""The Helm chart: what it renders with its defaults, and that it keeps up with the operator's code."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from analysis_operator.api import AnalyzerSpec
from analysis_operator.crd import definitions, render
from analysis_operator.settings import Settings
from tests.cluster.packages import client_tools
from tests.cluster.paths import repo_root
from tests.cluster.progress import Progress
from tests.cluster.shell import CommandError, run
from tests.support.operator import RULES

CHART = repo_root() / "charts" / "silver-guardian"

type Manifest = dict[str, Any]


@cache
def helm() -> Path:
    """Give helm, fetched if it is not there yet."""
    return client_tools(Progress("clients", 1)) / "helm"


def rendered(tmp_path: Path, values: Manifest | None = None) -> list[Manifest]:
    file = tmp_path / "values.json"
    file.write_text(json.dumps(values or {}))
    text = run(
        helm(), "template", "silver-guardian", CHART, "--namespace", "guardians", "--values", file, "--include-crds"
    ).stdout
    return [document for document in yaml.safe_load_all(text) if document]


def only(manifests: list[Manifest], kind: str) -> Manifest:
    (found,) = [manifest for manifest in manifests if manifest["kind"] == kind]
    return found


def container(manifests: list[Manifest]) -> Manifest:
    (found,) = only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", sorted(definitions()))
def test_the_definitions_are_those_of_the_code(name: str) -> None:
    found = (CHART / "crds" / name).read_text()
    assert found == render(definitions()[name]), "run: python -m analysis_operator.crd charts/silver-guardian/crds"


def test_helm_finds_nothing_wrong() -> None:
    assert "0 chart(s) failed" in run(helm(), "lint", "--strict", CHART).stdout


def test_every_setting_can_be_set(tmp_path: Path) -> None:
    given = rendered(tmp_path, {"operator": {"resultsURI": "s3://results/here"}})
    names = {entry["name"] for entry in container(given)["env"]}
    assert {f"GUARDIAN_{field.upper()}" for field in Settings.model_fields} <= names


def test_the_defaults_are_those_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for entry in container(rendered(tmp_path))["env"]:
        if "value" in entry:
            monkeypatch.setenv(entry["name"], entry["value"])
    assert Settings() == Settings.model_construct()


def test_the_operator_is_admitted_where_pod_security_is_restricted(tmp_path: Path) -> None:
    manifests = rendered(tmp_path)
    pod = only(manifests, "Deployment")["spec"]["template"]["spec"]["securityContext"]
    assert pod["runAsNonRoot"] is True
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(manifests)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_two_operators_never_run_at_once(tmp_path: Path) -> None:
    spec = only(rendered(tmp_path), "Deployment")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_no_rights_beyond_the_need(tmp_path: Path) -> None:
    roles = [found for found in rendered(tmp_path) if found["kind"] in {"Role", "ClusterRole"}]
    rules = [(role["kind"], rule) for role in roles for rule in role["rules"]]
    assert not [rule for _, rule in rules if "*" in (*rule["verbs"], *rule["resources"], *rule["apiGroups"])]
    assert not [rule for _, rule in rules if {"secrets", "pods/exec", "roles"} & set(rule["resources"])]
    everywhere = {name for kind, rule in rules if kind == "ClusterRole" for name in rule["resources"]}
    assert everywhere == {"analysisrequests", "analysisrequests/status", "events"}


def test_the_integration_tests_run_with_the_very_rights_that_the_chart_grants(tmp_path: Path) -> None:
    def flat(rules: list[Manifest]) -> set[tuple[str, str, str]]:
        return {
            (group, resource, verb)
            for rule in rules
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        }

    name = "silver-guardian"
    roles = [found for found in rendered(tmp_path) if found["kind"] in {"Role", "ClusterRole"}]
    own = [rule for role in roles if role["metadata"]["name"] == name for rule in role["rules"]]
    assert flat(own) == flat(RULES)


def test_the_analyzers_fit_their_definition(tmp_path: Path) -> None:
    values = {"s3": {"region": "eu-central-1", "credentialsSecret": {"name": "keys"}}}
    found = {item["metadata"]["name"]: item for item in rendered(tmp_path, values) if item["kind"] == "Analyzer"}
    assert {name: AnalyzerSpec.model_validate(item["spec"]).port for name, item in found.items()} == {
        "audio": 8000,
        "video": 8001,
    }
    spec = AnalyzerSpec.model_validate(found["audio"]["spec"])
    assert spec.node_selector == {"workload": "ml"}
    assert [(entry.key, entry.value) for entry in spec.tolerations] == [("workload", "ml")]
    env = {entry.name: entry.value or (entry.secret_key and entry.secret_key.name) for entry in spec.env}
    assert env == {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "keys", "AWS_SECRET_ACCESS_KEY": "keys"}


def test_a_variable_of_ones_own_wins(tmp_path: Path) -> None:
    values = {"s3": {"region": "eu-central-1"}, "analyzers": {"audio": {"env": {"AWS_REGION": "us-east-1"}}}}
    audio = next(item for item in rendered(tmp_path, values) if item["metadata"]["name"] == "audio")
    assert audio["spec"]["env"] == [{"name": "AWS_REGION", "value": "us-east-1"}]


def test_no_request_is_in_the_chart(tmp_path: Path) -> None:
    assert "AnalysisRequest" not in {manifest["kind"] for manifest in rendered(tmp_path)}


@pytest.mark.parametrize(
    "values",
    [
        {"operator": {"resultsUri": "s3://results"}},
        {"operator": {"resultsURI": "https://results"}},
        {"analyzers": {"audio": {"port": 80}}},
        {"analyzers": {"Audio_2": {"enabled": True, "image": {"repository": "a"}, "port": 8000, "replicas": 1}}},
    ],
)
def test_wrong_values_are_refused(tmp_path: Path, values: Manifest) -> None:
    with pytest.raises(CommandError, match=r"values don't meet the specifications of the schema"):
        rendered(tmp_path, values)
