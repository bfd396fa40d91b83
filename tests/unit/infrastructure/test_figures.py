"""Every promised figure of the infrastructure is in terraform/, read from the files themselves."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.cluster.builder import KEDA
from tests.cluster.paths import repo_root
from tests.support.terraform.configuration import ROOT, Configuration

terraform = Configuration(ROOT)
_CHART = yaml.safe_load((repo_root() / "charts" / "silver-guardian" / "values.yaml").read_text())


def test_the_region_is_seoul_unless_said_otherwise() -> None:
    assert terraform.default("region") == "ap-northeast-2"
    assert terraform.one("provider", "aws")["region"] == "${var.region}"


class TestMlNodes:
    group = terraform.one("module", "ml_spot")

    def test_they_are_a_managed_node_group_of_spot_instances(self) -> None:
        assert self.group["source"] == "terraform-aws-modules/eks/aws//modules/eks-managed-node-group"
        assert self.group["capacity_type"] == "SPOT"

    def test_of_three_instance_types(self) -> None:
        assert self.group["instance_types"] == "${var.ml_instance_types}"
        assert terraform.default("ml_instance_types") == ["c5.xlarge", "c5.2xlarge", "c5a.xlarge"]

    def test_from_none_to_five(self) -> None:
        assert (self.group["min_size"], self.group["desired_size"]) == (0, 0)
        assert self.group["max_size"] == "${var.ml_max_nodes}"
        assert terraform.default("ml_max_nodes") == 5

    def test_label_and_taint_are_those_that_the_chart_asks_for(self) -> None:
        assert self.group["labels"] == {"workload": "ml"}
        (taint,) = self.group["taints"].values()
        assert taint == {"key": "workload", "value": "ml", "effect": "NO_SCHEDULE"}
        for name, analyzer in _CHART["analyzers"].items():
            if analyzer.get("nodeSelector") == {"workload": "ml"}:
                assert {"key": "workload", "operator": "Equal", "value": "ml", "effect": "NoSchedule"} in analyzer[
                    "tolerations"
                ], name

    def test_at_zero_nodes_the_autoscaler_knows_what_a_new_one_is_like(self) -> None:
        tags = terraform.local("ml_node_template")
        assert tags["label/workload"] == "ml"
        assert tags["taint/workload"] == "ml:NoSchedule"
        assert "resources/ephemeral-storage" in tags
        tag = terraform.one("resource", "aws_autoscaling_group_tag", "ml")
        assert tag["tag"][0]["key"] == "k8s.io/cluster-autoscaler/node-template/${each.key}"
        assert tag["for_each"] == "${local.ml_node_template}"

    def test_an_empty_one_stays_as_long_as_the_cost_page_reckons(self) -> None:
        minutes = terraform.default("ml_node_idle_minutes")
        assert f"the {minutes} minutes for which" in (repo_root() / "docs" / "cost.md").read_text()


class TestHelmReleases:
    @pytest.mark.parametrize(
        ("release", "chart", "version"),
        [
            ("keda", "keda", r"2\.21\.\d+"),
            ("metrics_server", "metrics-server", r"3\.\d+\.\d+"),
            ("cluster_autoscaler", "cluster-autoscaler", r"9\.\d+\.\d+"),
        ],
    )
    def test_they_are_pinned(self, release: str, chart: str, version: str) -> None:
        installed = terraform.one("resource", "helm_release", release)
        assert installed["chart"] == chart
        assert re.fullmatch(version, installed["version"])

    def test_keda_is_the_one_that_the_tests_run_against(self) -> None:
        assert terraform.one("resource", "helm_release", "keda")["version"] == KEDA.version_of(KEDA.upstream)

    def test_keda_is_where_the_chart_expects_it(self) -> None:
        assert terraform.one("resource", "helm_release", "keda")["namespace"] == _CHART["keda"]["namespace"]

    def test_the_operators_release_goes_before_keda_and_the_nodes(self) -> None:
        release = terraform.one("resource", "helm_release", "operator")
        assert {"${helm_release.keda}", "${module.ml_spot}"} <= set(release["depends_on"])
        assert release["chart"] == "${path.module}/../charts/silver-guardian"


class TestBuckets:
    @pytest.mark.parametrize("name", ["media", "results"])
    def test_private_encrypted_and_over_tls_only(self, name: str) -> None:
        bucket = terraform.one("module", name)
        for setting in (
            "block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets",
            "attach_deny_insecure_transport_policy", "attach_require_latest_tls_policy",
        ):  # fmt: skip
            assert bucket[setting] is True, setting
        assert bucket["object_ownership"] == "BucketOwnerEnforced"
        rule = bucket["server_side_encryption_configuration"]["rule"]
        assert rule["apply_server_side_encryption_by_default"] == "${local.bucket_encryption}"
        assert 'var.kms_key_arn == null ? "AES256" : "aws:kms"' in terraform.local("bucket_encryption")

    @pytest.mark.parametrize("name", ["media", "results"])
    def test_what_lies_there_goes_some_day(self, name: str) -> None:
        rule, *_ = terraform.one("module", name)["lifecycle_rule"]
        assert rule["enabled"] is True
        assert rule["expiration"] == {"days": f"${{var.{name}_retention_days}}"}
        assert rule["abort_incomplete_multipart_upload_days"] == 1
        assert terraform.default(f"{name}_retention_days") > 0

    def test_recordings_have_versions_and_old_ones_go_too(self) -> None:
        media = terraform.one("module", "media")
        assert media["versioning"] == {"enabled": True}
        assert media["lifecycle_rule"][0]["noncurrent_version_expiration"]["days"] == 7


class TestIdentities:
    def test_each_service_has_a_role_of_its_own(self) -> None:
        assert set(terraform.local("service_accounts")) == {"operator", "audio", "video", "context", "status-api"}
        identity = terraform.one("module", "service_identity")
        assert identity["source"] == "terraform-aws-modules/eks-pod-identity/aws"
        assert identity["source_policy_documents"] == ["${module.policies.json[each.key]}"]
        assert identity["associations"]["this"]["service_account"] == "${each.value}"

    def test_step_functions_enters_the_cluster_as_a_group_that_may_create_requests(self) -> None:
        entry = terraform.one("resource", "aws_eks_access_entry", "state_machine")
        assert entry["type"] == "STANDARD"
        assert entry["principal_arn"] == "${aws_iam_role.state_machine.arn}"
        assert entry["kubernetes_groups"] == ["${local.pipeline_group}"]
        (subject,) = terraform.one("resource", "kubernetes_role_binding_v1", "pipeline")["subject"]
        assert (subject["kind"], subject["name"]) == ("Group", "${local.pipeline_group}")
        (rule,) = terraform.one("resource", "kubernetes_role_v1", "pipeline")["rule"]
        assert rule == {
            "api_groups": ["silverguardian.io"], "resources": ["analysisrequests"], "verbs": ["create", "get"],
        }  # fmt: skip

    def test_no_recording_and_no_word_leaves_unless_somebody_asks_for_it(self) -> None:
        assert terraform.default("transcribe") is False
        assert [terraform.default(name) for name in ("bedrock_model_id", "speech_models", "context_lambda_zip")] == [
            None,
            None,
            None,
        ]


class TestCluster:
    cluster = terraform.one("module", "eks")

    def test_no_one_gets_in_by_a_config_map(self) -> None:
        assert self.cluster["authentication_mode"] == "API"

    def test_step_functions_can_reach_it_unless_somebody_closes_it(self) -> None:
        assert self.cluster["endpoint_public_access"] == "${var.public_access}"
        assert self.cluster["endpoint_private_access"] is True
        assert terraform.default("public_access") is True

    def test_its_secrets_are_encrypted_by_a_key_of_ones_own_or_by_one_that_is_made(self) -> None:
        assert terraform.default("kms_key_arn") is None
        assert self.cluster["create_kms_key"] == "${var.kms_key_arn == null}"
        assert self.cluster["encryption_config"]["resources"] == ["secrets"]

    def test_network_policies_are_enforced(self) -> None:
        assert self.cluster["addons"]["vpc-cni"]["configuration_values"] == (
            '${jsonencode({enableNetworkPolicy = "true"})}'
        )

    def test_pod_identity_works_in_it(self) -> None:
        assert "eks-pod-identity-agent" in self.cluster["addons"]

    def test_the_chart_takes_its_version(self) -> None:
        least = yaml.safe_load((repo_root() / "charts" / "silver-guardian" / "Chart.yaml").read_text())["kubeVersion"]
        minor = int(terraform.default("kubernetes_version").split(".")[1])
        assert minor >= int(re.findall(r"1\.(\d+)", least)[0])


class TestDatabase:
    database = terraform.one("resource", "aws_db_instance", "this")

    def test_there_is_none_unless_asked_for(self) -> None:
        assert terraform.default("create_database") is False
        assert self.database["count"] == "${var.create_database ? 1 : 0}"

    def test_private_encrypted_and_with_a_password_that_is_unknown_here(self) -> None:
        assert self.database["engine"] == "postgres"
        assert self.database["publicly_accessible"] is False
        assert self.database["storage_encrypted"] is True
        assert self.database["manage_master_user_password"] is True
        assert "password" not in self.database
        (parameter,) = terraform.one("resource", "aws_db_parameter_group", "this")["parameter"]
        assert parameter == {"name": "rds.force_ssl", "value": "1"}


class TestData:
    @pytest.mark.parametrize("bucket", ["media", "results"])
    def test_what_is_overwritten_is_still_there(self, bucket: str) -> None:
        assert terraform.one("module", bucket)["versioning"] == {"enabled": True}
        rule, *_ = terraform.one("module", bucket)["lifecycle_rule"]
        assert rule["noncurrent_version_expiration"]["days"] <= 30

    def test_what_people_said_is_kept_for_days_and_not_for_months(self) -> None:
        _, rule = terraform.one("module", "results")["lifecycle_rule"]
        assert rule["filter"] == {"prefix": "${local.transcripts_prefix}"}
        assert rule["expiration"]["days"] == "${var.transcripts_retention_days}"
        assert terraform.default("transcripts_retention_days") <= 7

    def test_namespaces_that_are_made_here_take_only_restricted_pods(self) -> None:
        (meta,) = terraform.one("resource", "kubernetes_namespace_v1", "granted")["metadata"]
        assert meta["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


class TestRegistry:
    def test_one_repository_for_each_image(self) -> None:
        images = set(re.findall(r'"([a-z-]+)"', terraform.local("images")))
        assert images == {"operator", "audio", "video", "context", "status-api"}
        pushed = re.search(r'IMAGES="(.*)"', (repo_root() / "deploy.sh").read_text())
        assert pushed
        assert set(pushed[1].split()) <= images

    def test_a_tag_always_names_the_same_image(self) -> None:
        repository = terraform.one("resource", "aws_ecr_repository", "image")
        assert repository["image_tag_mutability"] == "IMMUTABLE"
        assert repository["image_scanning_configuration"] == [{"scan_on_push": True}]


class TestNothingStaysThatCosts:
    def test_nothing_refuses_to_be_destroyed(self) -> None:
        assert "prevent_destroy" not in terraform.text
        assert terraform.default("delete_data_on_destroy") is False, "nobody's recordings go with a slip"

    @pytest.mark.parametrize("bucket", ["media", "results"])
    def test_buckets_go_with_what_is_in_them(self, bucket: str) -> None:
        assert terraform.one("module", bucket)["force_destroy"] == "${var.delete_data_on_destroy}"

    def test_repositories_go_with_their_images(self) -> None:
        assert terraform.one("resource", "aws_ecr_repository", "image")["force_delete"] is True

    def test_the_database_goes_without_a_last_snapshot_and_with_its_backups(self) -> None:
        database = terraform.one("resource", "aws_db_instance", "this")
        assert database["skip_final_snapshot"] == "${var.delete_data_on_destroy}"
        assert database["delete_automated_backups"] == "${var.delete_data_on_destroy}"
        assert database["deletion_protection"] == "${!var.delete_data_on_destroy}"


class TestTheWhole:
    @pytest.mark.parametrize(
        ("labels", "module"),
        [module for module in terraform.blocks("module") if "/" in module[1]["source"].lstrip("./")],
    )
    def test_modules_are_pinned_to_one_version(self, labels: tuple[str], module: dict[str, Any]) -> None:
        assert re.fullmatch(r"\d+\.\d+\.\d+", module["version"]), labels

    @pytest.mark.parametrize(("labels", "variable"), list(terraform.blocks("variable")))
    def test_variables_are_typed_and_described_and_none_is_asked_for(
        self, labels: tuple[str], variable: dict[str, Any]
    ) -> None:
        assert {"type", "description", "default"} <= set(variable), labels

    @pytest.mark.parametrize(
        "folder", [path.relative_to(ROOT).as_posix() for path in [ROOT, *ROOT.iterdir()] if path.is_dir()]
    )
    def test_what_is_referred_to_is_there_and_every_variable_is_used(self, folder: str) -> None:
        configuration = Configuration(ROOT / folder)
        text = configuration.text
        variables = {name for (name,), _ in configuration.blocks("variable")}
        definitions = {
            *(f"var.{name}" for name in variables),
            *(f"local.{key}" for _, block in configuration.blocks("locals") for key in block),
            *(f"module.{name}" for (name,), _ in configuration.blocks("module")),
            *(f"data.{kind}.{name}" for (kind, name), _ in configuration.blocks("data")),
            *(f"{kind}.{name}" for (kind, name), _ in configuration.blocks("resource")),
        }
        references = set(re.findall(r"(?<![\w.\-])((?:var|local|module)\.\w+|data\.\w+\.\w+)", text))
        references |= set(re.findall(r"(?<![\w.\-])((?:aws|helm|kubernetes)_\w+\.\w+)", text))
        assert references - definitions == set()
        assert {name for name in variables if f"var.{name}" not in references} == set()
