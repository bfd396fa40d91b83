"""The Helm chart: what it renders with its defaults, and that it keeps up with the operator's code."""

from __future__ import annotations

import base64
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from analysis_operator.analyzers.manifests import child_objects
from analysis_operator.api import Analyzer, AnalyzerSpec
from analysis_operator.api.analyzer import Scaling
from analysis_operator.api.crd import definitions, render
from analysis_operator.settings import Settings
from status_api.settings import Settings as StatusApiSettings
from tests.cluster.packages import client_tools
from tests.cluster.paths import repo_root
from tests.cluster.progress import Progress
from tests.cluster.shell import CommandError, run
from tests.support.operator.process import RULES

CHART = repo_root() / "charts" / "silver-guardian"

type Manifest = dict[str, Any]


@cache
def helm() -> Path:
    """Return helm, fetched if it is not there yet."""
    return client_tools(Progress("clients", 1)) / "helm"


def rendered(
    tmp_path: Path, values: Manifest | None = None, *, release: str = "silver-guardian", namespace: str = "guardians"
) -> list[Manifest]:
    file = tmp_path / "values.json"
    file.write_text(json.dumps(values or {}))
    text = run(helm(), "template", release, CHART, "--namespace", namespace, "--values", file, "--include-crds").stdout
    return [document for document in yaml.load_all(text, yaml.CSafeLoader) if document]


def only(manifests: list[Manifest], kind: str) -> Manifest:
    (match,) = [manifest for manifest in manifests if manifest["kind"] == kind]
    return match


def spec_of(manifests: list[Manifest], analyzer: str) -> Manifest:
    (spec,) = [
        manifest["spec"]
        for manifest in manifests
        if (manifest["kind"], manifest["metadata"]["name"]) == ("Analyzer", analyzer)
    ]
    assert isinstance(spec, dict)
    return spec


def container(manifests: list[Manifest]) -> Manifest:
    (entry,) = only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert isinstance(entry, dict)
    return entry


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


def test_the_analyzers_fit_their_definition(tmp_path: Path) -> None:
    values = {"s3": {"region": "eu-central-1", "credentialsSecret": {"name": "keys"}}}
    analyzers = {item["metadata"]["name"]: item for item in rendered(tmp_path, values) if item["kind"] == "Analyzer"}
    assert {name: AnalyzerSpec.model_validate(item["spec"]).port for name, item in analyzers.items()} == {
        "audio": 8000,
        "video": 8001,
    }
    spec = AnalyzerSpec.model_validate(analyzers["audio"]["spec"])
    assert spec.node_selector == {"workload": "ml"}
    assert [(entry.key, entry.value) for entry in spec.tolerations] == [("workload", "ml")]
    env = {entry.name: entry.value or (entry.secret_key and entry.secret_key.name) for entry in spec.env}
    assert env == {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "keys", "AWS_SECRET_ACCESS_KEY": "keys"}


def test_a_pool_is_scaled_as_the_definition_says_by_itself(tmp_path: Path) -> None:
    manifests = rendered(tmp_path)
    for name in ("audio", "video"):
        spec = spec_of(manifests, name)
        assert "replicas" not in spec
        assert spec["scaling"] == Scaling().model_dump(by_alias=True)


def test_one_figure_of_the_scaling_can_be_changed(tmp_path: Path) -> None:
    spec = spec_of(rendered(tmp_path, {"analyzers": {"audio": {"scaling": {"maxReplicas": 20}}}}), "audio")
    assert AnalyzerSpec.model_validate(spec).scaling == Scaling(max_replicas=20)


@pytest.mark.parametrize("size", [0, 3])
def test_a_pool_of_fixed_size_says_nothing_of_scaling(tmp_path: Path, size: int) -> None:
    spec = spec_of(rendered(tmp_path, {"analyzers": {"audio": {"replicas": size}}}), "audio")
    assert spec["replicas"] == size
    assert "scaling" not in spec


def test_a_pool_of_gpus_is_described_in_the_values(tmp_path: Path) -> None:
    gpu = {
        "extendedResources": {"nvidia.com/gpu": 1},
        "runtimeClassName": "nvidia",
        "priorityClassName": "interactive",
        "topologySpreadConstraints": [{"topologyKey": "topology.kubernetes.io/zone"}],
    }
    manifests = rendered(tmp_path, {"analyzers": {"audio": gpu}})
    assert spec_of(manifests, "audio").items() >= gpu.items()
    assert spec_of(manifests, "video").keys() & gpu.keys() == set()


def test_an_analyzer_of_ones_own_needs_to_say_nothing_of_its_size(tmp_path: Path) -> None:
    own = {"enabled": True, "image": {"repository": "mine", "tag": "1"}, "port": 8002}
    spec = AnalyzerSpec.model_validate(spec_of(rendered(tmp_path, {"analyzers": {"own": own}}), "own"))
    assert (spec.replicas, spec.scaling) == (None, Scaling())


def test_the_bounds_of_scaling_are_those_of_the_definition() -> None:
    def bounds(schema: Manifest) -> dict[str, tuple[str, int, int]]:
        properties = schema["properties"].items()
        return {name: (entry["type"], entry["minimum"], entry["maximum"]) for name, entry in properties}

    schema = json.loads((CHART / "values.schema.json").read_text())
    assert bounds(schema["$defs"]["scaling"]) == bounds(Scaling.model_json_schema(by_alias=True))


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


def test_a_variable_of_ones_own_wins(tmp_path: Path) -> None:
    values = {"s3": {"region": "eu-central-1"}, "analyzers": {"audio": {"env": {"AWS_REGION": "us-east-1"}}}}
    audio = next(item for item in rendered(tmp_path, values) if item["metadata"]["name"] == "audio")
    assert audio["spec"]["env"] == [{"name": "AWS_REGION", "value": "us-east-1"}]


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


@pytest.mark.parametrize("models", [{"image": "registry/models:7"}, {"claim": "models"}])
def test_a_pool_gets_a_folder_of_models(tmp_path: Path, models: Manifest) -> None:
    manifests = rendered(tmp_path, {"analyzers": {"audio": {"models": models}}})
    spec = AnalyzerSpec.model_validate(spec_of(manifests, "audio"))
    assert spec.models is not None
    assert spec.models.model_dump(exclude_none=True) == models
    assert AnalyzerSpec.model_validate(spec_of(manifests, "video")).models is None


class TestWords:
    """The context analyzer is on where something writes down what is said."""

    def test_without_a_way_to_hear_it_is_off(self, tmp_path: Path) -> None:
        manifests = rendered(tmp_path, {"statusApi": STATUS_API})
        assert not [each for each in manifests if each["kind"] == "Analyzer" and each["metadata"]["name"] == "context"]
        assert analyzers_asked(manifests) == ["audio", "video"]

    def test_with_a_model_for_speech_it_listens_in_the_pod_and_sends_nothing_away(self, tmp_path: Path) -> None:
        values = {"analyzers": {"context": {"models": {"claim": "speech"}}}, "statusApi": STATUS_API}
        manifests = rendered(tmp_path, values)
        spec = AnalyzerSpec.model_validate(spec_of(manifests, "context"))
        assert spec.models is not None
        assert spec.models.claim == "speech"
        assert {entry.name: entry.value for entry in spec.env} == {"GUARDIAN_CONTEXT_TRANSCRIBER": "local"}
        assert (spec.concurrency, spec.resources.requests.memory) == (1, "768Mi")
        assert analyzers_asked(manifests) == ["audio", "video", "context"]

    def test_amazon_transcribe_is_chosen_by_its_name(self, tmp_path: Path) -> None:
        transcription = {"engine": "amazon", "transcriptsURI": "s3://results/transcripts/", "language": "ko"}
        values = {"models": {"image": "models:7"}, "transcription": transcription}
        spec = AnalyzerSpec.model_validate(spec_of(rendered(tmp_path, {"analyzers": {"context": values}}), "context"))
        assert {entry.name: entry.value for entry in spec.env} == {
            "GUARDIAN_CONTEXT_TRANSCRIBER": "amazon",
            "GUARDIAN_CONTEXT_TRANSCRIPTS": "s3://results/transcripts/",
            "GUARDIAN_CONTEXT_LANGUAGE": "ko",
        }
        assert spec.concurrency == 16

    @pytest.mark.parametrize(
        ("values", "allowed"),
        [
            ({}, ["audio", "video"]),
            ({"models": {"claim": "speech"}}, ["audio", "video", "context"]),
            ({"transcription": {"engine": "amazon", "transcriptsURI": "s3://results/t/"}}, ["audio", "video"]),
            ({"models": {"claim": "speech"}, "env": {"GUARDIAN_CONTEXT_MODEL": "a-model"}}, ["audio", "video"]),
            ({"models": {"claim": "speech"}, "languageModel": {"name": "a-model"}}, ["audio", "video"]),
        ],
    )
    def test_who_would_send_words_away_is_asked_by_namespaces_that_may(
        self, tmp_path: Path, values: Manifest, allowed: list[str]
    ) -> None:
        manifests = rendered(tmp_path, {"analyzers": {"context": values}, "statusApi": STATUS_API})
        operator = next(
            each for each in manifests if each["kind"] == "Deployment" and "-api" not in each["metadata"]["name"]
        )
        env = operator["spec"]["template"]["spec"]["containers"][0]["env"]
        (limits,) = (json.loads(entry["value"]) for entry in env if entry["name"] == "GUARDIAN_LIMITS")
        assert limits["*"]["analyzers"] == allowed
        assert analyzers_asked(manifests) == allowed

    @pytest.mark.parametrize(
        ("transcription", "message"),
        [
            ({"engine": "amazon"}, "say where Amazon Transcribe writes to"),
            ({"engine": "local"}, "context.models: give"),
        ],
    )
    def test_what_is_missing_is_named(self, tmp_path: Path, transcription: Manifest, message: str) -> None:
        with pytest.raises(CommandError, match=message):
            rendered(tmp_path, {"analyzers": {"context": {"transcription": transcription}}})

    def test_a_language_model_is_asked_where_one_is_named(self, tmp_path: Path) -> None:
        endpoint = {"name": "gemma3", "url": "http://vllm.ml:8000/v1", "keySecret": {"name": "llm", "key": "token"}}
        values = {"analyzers": {"context": {"models": {"claim": "speech"}, "languageModel": endpoint}}}
        env = AnalyzerSpec.model_validate(spec_of(rendered(tmp_path, values), "context")).env
        secret = next(entry.secret_key for entry in env if entry.name == "GUARDIAN_CONTEXT_MODEL_KEY")
        assert secret is not None
        assert (secret.name, secret.key) == ("llm", "token")
        named = {entry.name: entry.value for entry in env}
        assert named["GUARDIAN_CONTEXT_MODEL"] == "gemma3"
        assert named["GUARDIAN_CONTEXT_MODEL_URL"] == "http://vllm.ml:8000/v1"

    def test_it_can_be_turned_off(self, tmp_path: Path) -> None:
        values = {"analyzers": {"context": {"enabled": False, "models": {"claim": "speech"}}}}
        assert "context" not in {each["metadata"]["name"] for each in rendered(tmp_path, values)}


def analyzers_asked(manifests: list[Manifest]) -> list[str]:
    (pod,) = [each for each in manifests if each["kind"] == "Deployment" and each["metadata"]["name"].endswith("-api")]
    env = pod["spec"]["template"]["spec"]["containers"][0]["env"]
    names: list[str] = json.loads(next(each["value"] for each in env if each["name"] == "GUARDIAN_ANALYZERS"))
    return names


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


@pytest.mark.parametrize(
    "values",
    [
        {"operator": {"resultsUri": "s3://results"}},
        {"operator": {"resultsURI": "https://results"}},
        {"analyzers": {"audio": {"port": 80}}},
        {"analyzers": {"audio": {"extendedResources": {"gpu": 1}}}},
        {"analyzers": {"audio": {"models": {"image": "models:7", "claim": "models"}}}},
        {"operator": {"replicas": 0}},
        {"operator": {"image": {"digest": "latest"}}},
        {"operator": {"grants": {"*": ["s3://"]}}},
        {"operator": {"grants": {"team": ["s3://media/team"]}}},
        {"operator": {"grants": {"team": ["s3://media/../"]}}},
        {"operator": {"grants": {"Team": ["s3://media/team/"]}}},
        {"operator": {"limits": {"team": {"maxRunning": 0}}}},
        {"statusApi": {"sources": {"team": ["s3://media/team"]}}},
        {"monitoring": {"alerts": {"enabled": "yes"}}},
        {"analyzers": {"Audio_2": {"enabled": True, "image": {"repository": "a"}, "port": 8000, "replicas": 1}}},
        {"analyzers": {"2-audio": {"enabled": True, "image": {"repository": "a"}, "port": 8000, "replicas": 1}}},
    ],
)
def test_wrong_values_are_refused(tmp_path: Path, values: Manifest) -> None:
    with pytest.raises(CommandError, match=r"values don't meet the specifications of the schema"):
        rendered(tmp_path, values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"replicas": "three"}, r"at '/analyzers/audio/replicas': got string, want "),
        ({"replicas": 101}, r"at '/analyzers/audio/replicas': maximum: got 101, want 100"),
        ({"scaling": 5}, r"at '/analyzers/audio/scaling': got number, want object"),
        ({"scaling": {"maxReplicas": "5"}}, r"at '/analyzers/audio/scaling/maxReplicas': got string, want integer"),
        ({"scaling": {"maxReplicas": 0}}, r"at '/analyzers/audio/scaling/maxReplicas': minimum: got 0, want 1"),
        ({"scaling": {"maxPods": 5}}, r"at '/analyzers/audio/scaling': additional properties 'maxPods' not allowed"),
    ],
)
def test_a_wrong_size_is_named_with_its_place(tmp_path: Path, values: Manifest, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        rendered(tmp_path, {"analyzers": {"audio": values}})


STATUS_API: Manifest = {
    "enabled": True,
    "oidc": {"issuer": "https://id.example", "audience": "guardian"},
    "tenants": {"family-kim": "kim", "family-lee": "lee", "grandma-lee": "lee"},
}


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
