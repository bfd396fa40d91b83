"""What people may write into variables, and the errors for anything else: evaluated by OpenTofu itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.terraform.configuration import ROOT
from tests.support.terraform.opentofu import Tofu, TofuError, tofu_in

pytestmark = pytest.mark.integration

_API = {"issuer": "https://login.example.com", "audience": "silver-guardian", "tenants": {"kim": "calls"}}


@pytest.fixture(scope="module")
def tofu(tmp_path_factory: pytest.TempPathFactory) -> Tofu:
    files = [path for path in ROOT.glob("*.tf") if path.name.endswith("variables.tf")]
    tofu = tofu_in(tmp_path_factory.mktemp("variables"), *files)
    tofu.run("init", "-no-color")
    return tofu


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"region": "eu-central-1"},
        {"existing_cluster_name": "shared_Cluster-1", "install": {"keda": False}},
        {"grants": {"calls": ["calls/"], "care": ["care/a/", "care/b/"]}, "pipeline_namespace": "care"},
        {"create_database": True, "database": {"instance_class": "db.t4g.small"}},
        {"status_api": _API},
        {"bedrock_model_id": None, "operator_image_tag": "0.1.0"},
    ],
)
def test_these_are_taken(tofu: Tofu, variables: dict[str, Any]) -> None:
    tofu.run("plan", "-no-color", variables=variables)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"status_api": {**_API, "issuer": "login"}}, "The issuer is an https:// address"),
        ({"status_api": {**_API, "tenants": {"kim": "other"}}}, "must be granted its uploads"),
        ({"status_api": {**_API, "tenants": {}}}, "at least one tenant"),
        ({"region": "Seoul"}, "Name a region as AWS writes it"),
        ({"name": "Silver Guardian"}, "lower-case letters"),
        ({"name": "a-name-that-makes-buckets-too-long"}, "3 to 20"),
        ({"existing_cluster_name": "-x"}, "no name of an EKS cluster"),
        ({"existing_cluster_subnet_ids": ["vpc-1"]}, "the id of a subnet"),
        ({"kubernetes_version": "1.30"}, "The chart needs Kubernetes 1.31"),
        ({"public_access_cidrs": ["everybody"]}, "at least one address range"),
        ({"vpc_cidr": "10.0.0.0/24"}, "/20 or larger"),
        ({"system_node_count": 0}, "1 to 10"),
        ({"ml_instance_types": []}, "at least one instance type"),
        ({"ml_max_nodes": 0}, "1 to 100"),
        ({"ml_max_nodes": 2.5}, "1 to 100"),
        ({"ml_node_idle_minutes": 0}, "at least 1"),
        # Without the slash, "calls" would grant "calls-of-others/" too; with a star, everything.
        ({"grants": {"calls": ["calls"]}}, "must end with a slash"),
        ({"grants": {"calls": ["*/"]}}, "must end with a slash"),
        ({"grants": {"calls": ["calls/*"]}}, "must end with a slash"),
        ({"grants": {"calls": ["${aws:username}/"]}}, "must end with a slash"),
        ({"grants": {"calls": ["/"]}}, "must end with a slash"),
        ({"grants": {}}, "at least one namespace"),
        ({"grants": {"Calls": ["calls/"]}}, "one that Kubernetes takes"),
        ({"pipeline_namespace": "other"}, "one of those that grants names"),
        ({"media_retention_days": 0}, "at least 1"),
        ({"upload_origins": ["*"]}, "a scheme and a host"),
        ({"database": {"allocated_storage_gib": 5}}, "at least 20 GiB"),
        ({"database": {"password_rotation_days": 0}}, "1 to 1000 days"),
        ({"namespace": "Silver"}, "no name of a namespace"),
        ({"operator_image_tag": "a b"}, "no tag of an image"),
        ({"bedrock_model_id": "arn:aws:bedrock:*"}, "as Bedrock does"),
        ({"kms_key_arn": "alias/mine"}, "IAM does not take an alias"),
        ({"ml_max_nodes": "many"}, "a number is required"),
    ],
)
def test_these_are_refused_with_a_sentence(tofu: Tofu, variables: dict[str, Any], message: str) -> None:
    with pytest.raises(TofuError) as refused:
        tofu.run("plan", "-no-color", variables=variables)
    output = " ".join(str(refused.value).replace("│", " ").split())
    assert message in output
