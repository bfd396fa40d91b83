"""The status API in the Helm chart: only if wanted, its rights, its settings and its database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from status_api.settings import Settings as StatusApiSettings
from tests.cluster.shell import CommandError
from tests.support.chart import STATUS_API, Manifest, rendered


def test_the_status_api_has_a_role_of_its_own_or_no_database(tmp_path: Path) -> None:
    def volumes(**own: Manifest) -> list[Manifest]:
        shared = {"existingSecret": "records", "ca": {"configMap": "authority"}}
        manifests = rendered(tmp_path, {"statusApi": {**STATUS_API, **own}, "database": shared})
        pods = [
            of_status_api(manifests, "Deployment")[0],
            *(each for each in manifests if each["kind"] == "Deployment"),
        ]
        found = [pod["spec"]["template"]["spec"]["volumes"] for pod in pods[:2]]
        return [volume for listed in found for volume in listed if volume["name"] == "database"]

    assert "records" not in json.dumps(volumes()[:-1]), "the operator's role writes"
    own, operators = volumes(database={"existingSecret": "reader"})
    assert own["projected"]["sources"] == [
        {"secret": {"name": "reader", "items": [{"key": "url", "path": "url"}]}},
        {"configMap": {"name": "authority", "items": [{"key": "ca.pem", "path": "ca.pem"}]}},
    ]
    assert operators["projected"]["sources"][0]["secret"]["name"] == "records"


def of_status_api(manifests: list[Manifest], kind: str) -> list[Manifest]:
    return [
        manifest
        for manifest in manifests
        if manifest["kind"] == kind and manifest["metadata"]["name"].endswith("-status-api")
    ]


def test_the_status_api_is_there_only_if_wanted(tmp_path: Path) -> None:
    assert not [manifest for manifest in rendered(tmp_path) if manifest["metadata"]["name"].endswith("-status-api")]
    kinds = {"Deployment", "Service", "ServiceAccount", "NetworkPolicy", "PodDisruptionBudget", "Role", "RoleBinding"}
    manifests = rendered(tmp_path, {"statusApi": STATUS_API})
    assert {manifest["kind"] for manifest in manifests if manifest["metadata"]["name"].endswith("-status-api")} == kinds


@pytest.mark.parametrize(
    ("database", "verbs"), [("", ["create", "get", "list", "watch"]), ("postgres", ["create", "get"])]
)
def test_the_status_api_asks_and_reads_in_its_tenants_namespaces_alone(
    tmp_path: Path, database: str, verbs: list[str]
) -> None:
    manifests = rendered(tmp_path, {"statusApi": {**STATUS_API, "database": {"existingSecret": database}}})
    roles = of_status_api(manifests, "Role")
    assert [role["metadata"]["namespace"] for role in roles] == ["kim", "lee"]
    for role in roles:
        rights = [(rule["resources"], rule["verbs"]) for rule in role["rules"]]
        assert rights == [(["analysisrequests"], verbs), (["analysiserasures"], ["create"])]
    assert not of_status_api(manifests, "ClusterRole")


def test_every_setting_of_the_status_api_can_be_set_and_has_its_own_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {**STATUS_API, "database": {"existingSecret": "x"}}
    values = {"statusApi": own, "operator": {"resultsURI": "s3://results"}}
    (deployment,) = of_status_api(rendered(tmp_path, values), "Deployment")
    (server,) = deployment["spec"]["template"]["spec"]["containers"]
    env = {entry["name"]: entry.get("value") for entry in server["env"]}
    fixed = {"host", "port", "kubernetes_url", "kubernetes_token_file", "kubernetes_ca_file", "database_url"}
    expected = {f"GUARDIAN_{field.upper()}" for field in StatusApiSettings.model_fields if field not in fixed}
    assert expected <= set(env)
    chosen = {
        f"GUARDIAN_{name}" for name in ("OIDC_ISSUER", "OIDC_AUDIENCE", "TENANTS", "RESULTS_URI", "DATABASE_URL_FILE")
    }
    for name, value in env.items():
        if value is not None and name not in chosen:
            monkeypatch.setenv(name, value)
    assert StatusApiSettings() == StatusApiSettings.model_construct()
    assert server["securityContext"]["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize("missing", ["oidc", "tenants"])
def test_a_status_api_that_could_let_no_one_in_is_not_installed(tmp_path: Path, missing: str) -> None:
    values = {name: value for name, value in STATUS_API.items() if name != missing}
    with pytest.raises(CommandError, match=f"statusApi.{missing}"):
        rendered(tmp_path, {"statusApi": values})
