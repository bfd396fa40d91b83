"""The Helm chart: what it renders for the operator with its defaults, and that it keeps up with the operator's code."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from analysis_operator.analyzers.manifests import child_objects
from analysis_operator.api import Analyzer, AnalyzerSpec
from analysis_operator.api.crd import definitions, render
from analysis_operator.settings import Settings
from tests.cluster.shell import run
from tests.support.chart import CHART, STATUS_API, Manifest, container, helm, only, rendered, spec_of
from tests.support.operator.process import RULES


@pytest.mark.parametrize("name", sorted(definitions()))
def test_the_definitions_are_those_of_the_code(name: str) -> None:
    text = (CHART / "crds" / name).read_text()
    assert text == render(definitions()[name]), "run: python -m analysis_operator.api.crd charts/silver-guardian/crds"


def test_helm_finds_nothing_wrong() -> None:
    assert "0 chart(s) failed" in run(helm(), "lint", "--strict", CHART).stdout


def test_every_setting_can_be_set(tmp_path: Path) -> None:
    transcription = {"engine": "amazon", "transcriptsURI": "s3://results/transcripts/"}
    values = {
        "operator": {"resultsURI": "s3://results/here"},
        "database": {"existingSecret": "records"},
        "statusApi": STATUS_API,
        "analyzers": {"context": {"transcription": transcription}},
    }
    manifests = [each for each in rendered(tmp_path, values) if not each["metadata"]["name"].endswith("-status-api")]
    names = {entry["name"] for entry in container(manifests)["env"]}
    by_file = {"GUARDIAN_DATABASE_URL"}  # for processes; a password in a file may change
    assert {f"GUARDIAN_{field.upper()}" for field in Settings.model_fields} - by_file <= names


def test_the_defaults_are_those_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"GUARDIAN_LEASE", "GUARDIAN_SECRET_FILE", "GUARDIAN_SECRET_NAME"}
    for entry in container(rendered(tmp_path, namespace="silver-guardian"))["env"]:
        if "value" in entry and entry["name"] not in own:
            monkeypatch.setenv(entry["name"], entry["value"])
    assert Settings() == Settings.model_construct()


def test_traces_go_where_the_value_says_and_nowhere_by_default(tmp_path: Path) -> None:
    def told(values: Manifest) -> list[dict[str, str]]:
        manifests = rendered(tmp_path, {"statusApi": STATUS_API, **values})
        pods = [each["spec"]["template"]["spec"] for each in manifests if each["kind"] == "Deployment"]
        env = [pod["containers"][0]["env"] for pod in pods]
        env += [each["spec"].get("env", []) for each in manifests if each["kind"] == "Analyzer"]
        return [{entry["name"]: entry.get("value", "") for entry in each} for each in env]

    assert not [each for each in told({}) if any(name.startswith("OTEL_") for name in each)]
    traced = told({"tracing": {"endpoint": "http://collector:4318", "ratio": 0.25}})
    found = {(each.get("OTEL_EXPORTER_OTLP_ENDPOINT"), each.get("OTEL_TRACES_SAMPLER_ARG")) for each in traced}
    assert (len(traced), found) == (4, {("http://collector:4318", "0.25")})


def test_the_installations_events_are_signed_with_secrets_that_the_operator_may_get(tmp_path: Path) -> None:
    subscriptions = {"soc": {"sink": "http://broker.events/soc", "secret": {"name": "soc-key"}}}
    manifests = rendered(tmp_path, {"notifications": {"subscriptions": subscriptions}})
    rules = [rule for each in manifests if each["kind"] == "Role" for rule in each["rules"]]
    (rule,) = [rule for rule in rules if "secrets" in rule["resources"]]
    assert (rule["resourceNames"], rule["verbs"]) == (["soc-key"], ["get"])
    env = {entry["name"]: entry.get("value", "") for entry in container(manifests)["env"]}
    (subscription,) = Settings(subscriptions=json.loads(env["GUARDIAN_SUBSCRIPTIONS"])).installed_subscriptions()
    assert (subscription.sink, subscription.trusted) == ("http://broker.events/soc", True)


def test_a_namespace_that_is_named_gets_a_quota_and_the_operator_its_limits(tmp_path: Path) -> None:
    limits = {"team": {"maxRunning": 2, "maxRequests": 50}, "care": {"analyzers": ["*"]}}
    manifests = rendered(tmp_path, {"operator": {"limits": limits}, "statusApi": STATUS_API})
    quotas = {
        manifest["metadata"]["namespace"]: manifest["spec"]["hard"]["count/analysisrequests.silverguardian.io"]
        for manifest in manifests
        if manifest["kind"] == "ResourceQuota"
    }
    assert quotas == {"care": "20000", "kim": "20000", "lee": "20000", "team": "50"}
    pods = [each["spec"]["template"]["spec"] for each in manifests if each["kind"] == "Deployment"]
    env = [entry for pod in pods for entry in pod["containers"][0]["env"]]
    (told,) = (json.loads(entry["value"]) for entry in env if entry["name"] == "GUARDIAN_LIMITS")
    assert told == {"*": {"analyzers": ["audio", "video"]}, "team": {"maxRunning": 2}, "care": {"analyzers": ["*"]}}


def test_without_a_grant_the_notes_say_how_to_make_one(tmp_path: Path) -> None:
    def notes(values: Manifest) -> str:
        (tmp_path / "values.json").write_text(json.dumps(values))
        asked = ("install", "x", CHART, "--dry-run=client", "--values", tmp_path / "values.json")
        return run(helm(), *asked, env={**os.environ, "KUBECONFIG": "/dev/null"}).stdout.partition("NOTES:")[2]

    assert "operator.grants.NAMESPACE={s3://BUCKET/PREFIX/}" in notes({})
    assert "operator.grants" not in notes({"operator": {"grants": {"team": ["s3://media/team/"]}}})


def test_the_operator_and_its_analyzers_share_a_secret_that_the_chart_makes(tmp_path: Path) -> None:
    manifests = rendered(tmp_path, release="prod")
    secret = only(manifests, "Secret")
    name = secret["metadata"]["name"]
    assert len(base64.b64decode(secret["data"]["shared"])) == 48
    assert only(rendered(tmp_path, release="prod"), "Secret")["data"] != secret["data"]
    pod = only(manifests, "Deployment")["spec"]["template"]["spec"]
    assert {"name": "secret", "secret": {"secretName": name}} in pod["volumes"]
    env = {entry["name"]: entry.get("value") for entry in container(manifests)["env"]}
    (mount,) = [each["mountPath"] for each in container(manifests)["volumeMounts"] if each["name"] == "secret"]
    assert (env["GUARDIAN_SECRET_NAME"], env["GUARDIAN_SECRET_FILE"]) == (name, f"{mount}/shared")


def test_the_shared_secret_may_be_made_elsewhere(tmp_path: Path) -> None:
    manifests = rendered(tmp_path, {"sharedSecret": {"existingSecret": "mine"}})
    assert "Secret" not in {manifest["kind"] for manifest in manifests}
    assert {"name": "GUARDIAN_SECRET_NAME", "value": "mine"} in container(manifests)["env"]


def test_the_pods_that_analyzers_let_in_are_the_operators(tmp_path: Path) -> None:
    (spec,) = [AnalyzerSpec(image="x", port=8000)]
    analyzer = Analyzer.model_validate({"metadata": {"name": "audio", "namespace": "n", "uid": "u"}, "spec": spec})
    (policy,) = [child for child in child_objects(analyzer) if child["kind"] == "NetworkPolicy"]
    ((source,),) = [rule["from"] for rule in policy["spec"]["ingress"]]
    for manifest in rendered(tmp_path, {"statusApi": {"enabled": False}}, release="prod"):
        if manifest["kind"] == "Deployment":
            labels = manifest["metadata"]["labels"], manifest["spec"]["template"]["metadata"]["labels"]
            assert source["podSelector"]["matchLabels"].items() <= labels[1].items()


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


def test_several_operators_share_one_lease_and_are_never_all_gone(tmp_path: Path) -> None:
    manifests = rendered(tmp_path, release="prod")
    deployment = only(manifests, "Deployment")
    spec, pod = deployment["spec"], deployment["spec"]["template"]
    assert spec["replicas"] == 2
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert {"name": "GUARDIAN_LEASE", "value": deployment["metadata"]["name"]} in container(manifests)["env"]
    budget = only(manifests, "PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    spread = pod["spec"]["topologySpreadConstraints"]
    assert [entry["topologyKey"] for entry in spread] == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
    named = [rule for rule in only(manifests, "Role")["rules"] if rule["resources"] == ["leases"]]
    assert [(rule["verbs"], rule.get("resourceNames")) for rule in named] == [
        (["create"], None),
        (["get", "patch"], [deployment["metadata"]["name"]]),
    ]


def test_what_starts_slowly_is_not_ended_while_it_starts(tmp_path: Path) -> None:
    deployments = [m for m in rendered(tmp_path, {"statusApi": STATUS_API}) if m["kind"] == "Deployment"]
    assert len(deployments) == 2
    for deployment in deployments:
        (entry,) = deployment["spec"]["template"]["spec"]["containers"]
        startup, live = entry["startupProbe"], entry["livenessProbe"]
        assert startup["httpGet"] == live["httpGet"]
        assert startup["periodSeconds"] * startup["failureThreshold"] >= 300


def test_one_operator_alone_needs_no_budget(tmp_path: Path) -> None:
    kinds = {manifest["kind"] for manifest in rendered(tmp_path, {"operator": {"replicas": 1}})}
    assert "PodDisruptionBudget" not in kinds


def test_no_rights_beyond_the_need(tmp_path: Path) -> None:
    roles = [manifest for manifest in rendered(tmp_path) if manifest["kind"] in {"Role", "ClusterRole"}]
    rules = [(role["kind"], rule) for role in roles for rule in role["rules"]]
    assert not [rule for _, rule in rules if "*" in (*rule["verbs"], *rule["resources"], *rule["apiGroups"])]
    assert not [rule for _, rule in rules if {"secrets", "pods/exec", "roles"} & set(rule["resources"])]
    everywhere = {name for kind, rule in rules if kind == "ClusterRole" for name in rule["resources"]}
    ours = {
        f"{plural}{part}"
        for plural in ("analysisbatches", "analysisrequests", "analysissubscriptions")
        for part in ("", "/status")
    }
    assert everywhere == {*ours, "analysiserasures", "events"}


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
    roles = [manifest for manifest in rendered(tmp_path) if manifest["kind"] in {"Role", "ClusterRole"}]
    own = [rule for role in roles if role["metadata"]["name"] == name for rule in role["rules"]]
    assert flat(own) == flat(RULES)


def test_keda_gets_the_address_and_port_of_the_very_pod_that_works(tmp_path: Path) -> None:
    operator = container(rendered(tmp_path))
    env = {entry["name"]: entry.get("value") or entry["valueFrom"] for entry in operator["env"]}
    assert env["GUARDIAN_SCALER_HOST"] == {"fieldRef": {"fieldPath": "status.podIP"}}
    (served,) = [entry["containerPort"] for entry in operator["ports"] if entry["name"] == "grpc"]
    assert str(served) == env["GUARDIAN_SCALER_PORT"]


def test_only_kedas_operator_reaches_the_scaler(tmp_path: Path) -> None:
    manifests = rendered(tmp_path, {"keda": {"namespace": "scaling"}})
    policy = only(manifests, "NetworkPolicy")["spec"]
    labels = only(manifests, "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    assert policy["policyTypes"] == ["Ingress"]
    ports = {entry["name"]: entry["containerPort"] for entry in container(manifests)["ports"]}
    peers = {entry["port"]: rule.get("from") for rule in policy["ingress"] for entry in rule["ports"]}
    keda = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "scaling"}},
        "podSelector": {"matchLabels": {"app": "keda-operator"}},
    }
    assert peers == {ports["http"]: None, ports["grpc"]: [keda]}


def test_the_network_policy_can_be_left_out(tmp_path: Path) -> None:
    kinds = {manifest["kind"] for manifest in rendered(tmp_path, {"networkPolicy": {"enabled": False}})}
    assert "NetworkPolicy" not in kinds


def test_the_databases_address_comes_from_a_secret_and_step_functions_may_be_elsewhere(tmp_path: Path) -> None:
    values = {
        "database": {"existingSecret": "records"},
        "stepFunctions": {"endpointURL": "http://stepfunctions.test:8083"},
    }
    env = {
        entry["name"]: entry.get("value") or entry["valueFrom"]
        for entry in container(rendered(tmp_path, values))["env"]
    }
    names = ("GUARDIAN_DATABASE_URL_FILE", "PGSSLMODE", "PGSSLROOTCERT")
    assert [env[name] for name in names] == ["/etc/database/url", "verify-full", "system"]
    assert env["AWS_ENDPOINT_URL_SFN"] == "http://stepfunctions.test:8083"
    without = {entry["name"] for entry in container(rendered(tmp_path))["env"]}
    assert not without & {"GUARDIAN_DATABASE_URL_FILE", "PGSSLMODE", "AWS_ENDPOINT_URL_SFN"}


def test_an_image_may_be_named_by_its_digest(tmp_path: Path) -> None:
    digest = f"sha256:{'a1' * 32}"
    values = {
        "operator": {"image": {"digest": digest}},
        "analyzers": {"audio": {"image": {"tag": "7", "digest": digest}}},
    }
    manifests = rendered(tmp_path, values)
    assert container(manifests)["image"].endswith(f":0.1.0@{digest}")
    assert AnalyzerSpec.model_validate(spec_of(manifests, "audio")).image == f"silver-guardian/audio:7@{digest}"


def test_no_request_is_in_the_chart(tmp_path: Path) -> None:
    assert "AnalysisRequest" not in {manifest["kind"] for manifest in rendered(tmp_path)}
