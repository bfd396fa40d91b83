"""What Terraform hands to the chart: its values are evaluated by OpenTofu, and rendered by Helm."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.packages import client_tools
from tests.cluster.paths import repo_root
from tests.cluster.progress import Progress
from tests.cluster.shell import run
from tests.support.terraform.configuration import ROOT, Configuration
from tests.support.terraform.opentofu import tofu_in

pytestmark = pytest.mark.integration

_CHART = repo_root() / "charts" / "silver-guardian"
_REGISTRY = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/silver-guardian"

type Manifest = dict[str, Any]


def _values(folder: Path, **variables: Any) -> Manifest:
    """Evaluate the locals of release.tf, with names in place of what AWS would say."""
    block = re.search(r"^locals \{.*?^\}", (ROOT / "release.tf").read_text(), re.MULTILINE | re.DOTALL)
    assert block
    expressions = (
        block[0]
        .replace("aws_ecr_repository.image[image].repository_url", f'"{_REGISTRY}/${{image}}"')
        .replace("module.media.s3_bucket_id", '"the-media"')
        .replace("module.results.s3_bucket_id", '"the-results"')
    )
    configuration = Configuration(ROOT)
    others = {
        "images": configuration.local("images").removeprefix("${").removesuffix("}"),
        "create_cluster": configuration.local("create_cluster").removeprefix("${").removesuffix("}"),
        "transcripts_prefix": json.dumps(configuration.local("transcripts_prefix")),
    }
    named = "\n".join(f"{name} = {value}" for name, value in others.items())
    tofu = tofu_in(folder, ROOT / "variables.tf")
    (folder / "values.tf").write_text(
        f"{expressions}\nlocals {{\n{named}\n}}\n"
        'output "values" { value = yamlencode(local.helm_values) }\n'
        'output "tagged" { value = yamlencode(local.helm_values_tagged) }\n'
    )
    outputs = tofu.outputs({"operator_image_tag": "0123456789ab", **variables})
    (folder / "tagged.yaml").write_text(outputs["tagged"])
    (folder / "values.yaml").write_text(outputs["values"])
    values = yaml.safe_load(outputs["values"])
    assert isinstance(values, dict)
    return values


def _rendered(folder: Path) -> list[Manifest]:
    helm = client_tools(Progress("clients", 1)) / "helm"
    text = run(
        helm, "template", "silver-guardian", _CHART, "--namespace", "silver-guardian",
        "--values", folder / "values.yaml", "--values", folder / "tagged.yaml",
    ).stdout  # fmt: skip
    return [document for document in yaml.safe_load_all(text) if document]


def _pod(manifests: list[Manifest], name: str = "silver-guardian") -> Manifest:
    spec = next(
        manifest["spec"]["template"]["spec"]
        for manifest in manifests
        if (manifest["kind"], manifest["metadata"]["name"]) == ("Deployment", name)
    )
    assert isinstance(spec, dict)
    return spec


def test_a_namespace_is_granted_what_it_was_given_in_terraform_and_the_others_nothing(tmp_path: Path) -> None:
    values = _values(tmp_path, grants={"calls": ["calls/"], "care": ["care/a/", "care/b/"]}, transcribe=True)
    assert values["operator"]["limits"] == {
        "calls": {"analyzers": ["audio", "video", "context"]},
        "care": {"analyzers": None},
    }
    assert values["operator"]["grants"] == {
        "*": [],
        "calls": ["s3://the-media/calls/"],
        "care": ["s3://the-media/care/a/", "s3://the-media/care/b/"],
    }
    environment = {entry["name"]: entry.get("value") for entry in _pod(_rendered(tmp_path))["containers"][0]["env"]}
    assert json.loads(environment["GUARDIAN_GRANTS"]) == values["operator"]["grants"]


def test_the_chart_takes_the_values_and_the_pods_get_the_images_of_the_registry(tmp_path: Path) -> None:
    _values(tmp_path, transcribe=True)
    manifests = _rendered(tmp_path)
    assert _pod(manifests)["containers"][0]["image"] == f"{_REGISTRY}/operator:0123456789ab"
    images = {
        manifest["metadata"]["name"]: manifest["spec"]["image"]
        for manifest in manifests
        if manifest["kind"] == "Analyzer"
    }
    assert images == {name: f"{_REGISTRY}/{name}:0123456789ab" for name in ("audio", "video", "context")}


def test_pods_run_under_the_service_accounts_that_the_roles_are_given_to(tmp_path: Path) -> None:
    _values(tmp_path, transcribe=True)
    manifests = _rendered(tmp_path)
    accounts = Configuration(ROOT).local("service_accounts")
    assert _pod(manifests)["serviceAccountName"] == accounts["operator"]
    for manifest in manifests:
        if manifest["kind"] == "Analyzer":
            name = manifest["metadata"]["name"]
            assert accounts[name] == (manifest["spec"].get("serviceAccountName") or name)


def test_the_operator_runs_on_system_nodes_of_a_cluster_made_here_and_anywhere_in_another(tmp_path: Path) -> None:
    assert _values(tmp_path / "new")["operator"]["nodeSelector"] == {"workload": "system"}
    assert _values(tmp_path / "old", existing_cluster_name="shared")["operator"]["nodeSelector"] == {}


def test_the_database_is_named_by_the_secret_that_deploy_sh_makes(tmp_path: Path) -> None:
    secret = re.search(r"DATABASE_SECRET=(\S+)", (repo_root() / "deploy.sh").read_text())
    assert secret
    assert _values(tmp_path / "with", create_database=True)["database"] == {
        "existingSecret": secret[1],
        "ca": {"configMap": f"{secret[1]}-ca"},
    }
    assert _values(tmp_path / "without")["database"]["existingSecret"] == ""


def test_nobody_listens_and_no_word_leaves_unless_it_is_asked_for(tmp_path: Path) -> None:
    values = _values(tmp_path / "as-it-comes")
    assert values["operator"]["limits"] == {"calls": {"analyzers": None}}
    assert values["analyzers"]["context"]["env"] == {"GUARDIAN_CONTEXT_MODEL": "none"}
    analyzers = [each["metadata"]["name"] for each in _rendered(tmp_path / "as-it-comes") if each["kind"] == "Analyzer"]
    assert sorted(analyzers) == ["audio", "video"]
    asked = _values(tmp_path / "asked", transcribe=True, bedrock_model_id="apac.anthropic.claude-haiku-5-5")
    assert asked["analyzers"]["context"]["env"] == {
        "GUARDIAN_CONTEXT_MODEL": "apac.anthropic.claude-haiku-5-5",
        "GUARDIAN_CONTEXT_TRANSCRIPTS": "s3://the-results/transcripts/",
    }
    (operator,) = _pod(_rendered(tmp_path / "asked"))["containers"]
    assert {"name": "GUARDIAN_TRANSCRIPTS_URI", "value": "s3://the-results/transcripts/"} in operator["env"]


def test_with_a_model_for_speech_the_pods_listen_themselves(tmp_path: Path) -> None:
    values = _values(tmp_path, speech_models={"claim": "speech"})
    assert values["analyzers"]["context"]["models"] == {"claim": "speech"}
    (spec,) = [
        each["spec"]
        for each in _rendered(tmp_path)
        if each["metadata"]["name"] == "context" and "image" in each["spec"]
    ]
    assert {"name": "GUARDIAN_CONTEXT_TRANSCRIBER", "value": "local"} in spec["env"]


def test_the_status_api_is_installed_once_it_knows_whom_to_believe(tmp_path: Path) -> None:
    assert _values(tmp_path / "without")["statusApi"]["enabled"] is False
    api = {"issuer": "https://login.example.com", "audience": "app", "tenants": {"family-kim": "calls"}}
    values = _values(tmp_path / "with", status_api=api)
    pod = _pod(_rendered(tmp_path / "with"), "silver-guardian-status-api")
    assert pod["containers"][0]["image"] == f"{_REGISTRY}/status-api:0123456789ab"
    assert pod["serviceAccountName"] == Configuration(ROOT).local("service_accounts")["status-api"]
    # Where a tenant's upload goes, its namespace is granted.
    assert f"{values['statusApi']['uploadsURI']}/calls/" in values["operator"]["grants"]["calls"]
