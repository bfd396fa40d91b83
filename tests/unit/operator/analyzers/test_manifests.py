"""What an Analyzer becomes, and what its pods say."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from analysis_operator.analyzers.manifests import child_objects
from analysis_operator.analyzers.pods import first_problem, pod_facts
from analysis_operator.api import Analyzer, RequestSpec


def analyzer(**spec: Any) -> Analyzer:
    meta = {"name": "audio", "namespace": "sg", "uid": "u1", "resourceVersion": "1"}
    return Analyzer.model_validate({"metadata": meta, "spec": {"image": "audio:1", **spec}})


def child(made: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (child,) = [manifest for manifest in made if manifest["kind"] == kind]
    return child


def test_an_analyzer_owns_five_things_that_go_with_it() -> None:
    made = child_objects(analyzer())
    kinds = {manifest["kind"] for manifest in made}
    assert kinds == {"Deployment", "Service", "PodDisruptionBudget", "ServiceAccount", "NetworkPolicy"}
    assert all(manifest["metadata"]["ownerReferences"][0]["uid"] == "u1" for manifest in made)


def test_its_pods_go_to_the_ml_nodes_and_pass_the_restricted_pod_security_standard() -> None:
    pod = child(child_objects(analyzer()), "Deployment")["spec"]["template"]["spec"]
    taint = {"key": "workload", "operator": "Equal", "value": "ml", "effect": "NoSchedule"}
    assert pod["tolerations"][0] == taint
    assert pod["nodeSelector"] == {"workload": "ml"}
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert pod["automountServiceAccountToken"] is False


@pytest.mark.parametrize(
    ("models", "volume"),
    [
        ({"image": "models:7"}, {"name": "models", "image": {"reference": "models:7"}}),
        ({"claim": "kept"}, {"name": "models", "persistentVolumeClaim": {"claimName": "kept", "readOnly": True}}),
    ],
)
def test_models_are_mounted_where_the_analyzer_looks_for_them(models: dict[str, str], volume: dict[str, Any]) -> None:
    pod = child(child_objects(analyzer(models=models)), "Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert volume in pod["volumes"]
    (mount,) = [entry for entry in container["volumeMounts"] if entry["name"] == "models"]
    assert mount["readOnly"] is True
    assert {"name": "GUARDIAN_MODELS", "value": mount["mountPath"]} in container["env"]


def test_a_trust_list_is_mounted_where_the_analyzer_looks_for_it() -> None:
    pod = child(child_objects(analyzer(trustConfigMap="c2pa")), "Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert {"name": "trust", "configMap": {"name": "c2pa"}} in pod["volumes"]
    (mount,) = [entry for entry in container["volumeMounts"] if entry["name"] == "trust"]
    assert {"name": "GUARDIAN_TRUST", "value": mount["mountPath"]} in container["env"]


def test_a_pool_of_gpus_says_what_its_pods_need_and_where_they_run() -> None:
    spread = {"topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"}
    gpu = analyzer(
        extendedResources={"nvidia.com/gpu": 1},
        runtimeClassName="nvidia",
        priorityClassName="interactive",
        topologySpreadConstraints=[spread],
    )
    template = child(child_objects(gpu), "Deployment")["spec"]["template"]
    pod, labels = template["spec"], template["metadata"]["labels"]
    (container,) = pod["containers"]
    assert container["resources"]["limits"] == {"cpu": "2", "memory": "2Gi", "nvidia.com/gpu": "1"}
    assert (pod["runtimeClassName"], pod["priorityClassName"]) == ("nvidia", "interactive")
    (constraint,) = pod["topologySpreadConstraints"]
    assert constraint.items() >= {**spread, "maxSkew": 1}.items()
    assert constraint["labelSelector"]["matchLabels"].items() <= labels.items()


def test_a_pool_that_asks_for_none_of_it_has_the_pods_that_it_had() -> None:
    pod = child(child_objects(analyzer()), "Deployment")["spec"]["template"]["spec"]
    assert pod.keys() & {"runtimeClassName", "priorityClassName", "topologySpreadConstraints"} == set()
    assert pod["containers"][0]["resources"]["limits"].keys() == {"cpu", "memory"}


def test_a_pod_on_a_node_that_is_gone_is_replaced_within_seconds() -> None:
    pod = child(child_objects(analyzer()), "Deployment")["spec"]["template"]["spec"]
    patience = {
        entry["key"]: entry["tolerationSeconds"] for entry in pod["tolerations"] if "tolerationSeconds" in entry
    }
    assert set(patience) == {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}
    assert max(patience.values()) <= 10


def test_a_pod_that_starts_slowly_is_not_ended_while_it_starts() -> None:
    pod = child(child_objects(analyzer()), "Deployment")["spec"]["template"]["spec"]
    startup, live = pod["containers"][0]["startupProbe"], pod["containers"][0]["livenessProbe"]
    assert startup["httpGet"] == live["httpGet"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 300


def test_a_pod_that_has_to_go_is_given_the_time_of_the_longest_analysis() -> None:
    pod = child(child_objects(analyzer()), "Deployment")["spec"]["template"]["spec"]
    drain = next(entry for entry in pod["containers"][0]["env"] if entry["name"] == "GUARDIAN_DRAIN_SECONDS")
    longest = next(limit.le for limit in RequestSpec.model_fields["timeout_seconds"].metadata if hasattr(limit, "le"))
    assert longest < float(drain["value"]) < pod["terminationGracePeriodSeconds"]


def test_a_service_account_of_ones_own_is_used_and_none_is_made() -> None:
    made = child_objects(analyzer(serviceAccountName="mine"))
    assert "ServiceAccount" not in {manifest["kind"] for manifest in made}
    assert child(made, "Deployment")["spec"]["template"]["spec"]["serviceAccountName"] == "mine"


def test_secrets_are_referenced_and_the_ports_of_other_servers_are_reachable() -> None:
    env = [
        {"name": "AWS_ENDPOINT_URL", "value": "http://10.0.0.1:7070"},
        {"name": "GUARDIAN_CONTEXT_MODEL_URL", "value": "http://vllm.ml:8000/v1"},
        {"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://collector.monitoring:4318"},
        {"name": "AWS_SECRET_ACCESS_KEY", "secretKey": {"name": "s3", "key": "secret"}},
    ]
    made = child_objects(analyzer(env=env))
    (container,) = child(made, "Deployment")["spec"]["template"]["spec"]["containers"]
    secret = {"secretKeyRef": {"name": "s3", "key": "secret"}}
    assert {"name": "AWS_SECRET_ACCESS_KEY", "valueFrom": secret} in container["env"]
    egress = child(made, "NetworkPolicy")["spec"]["egress"]
    assert {7070, 8000, 4318} <= {port["port"] for entry in egress for port in entry["ports"]}


@pytest.mark.parametrize("endpoint", ["http://s3", "http://169.254.169.254"])
def test_the_nodes_metadata_are_not_reached_whatever_port_s3_has(endpoint: str) -> None:
    made = child_objects(analyzer(env=[{"name": "AWS_ENDPOINT_URL_S3", "value": endpoint}]))
    for entry in child(made, "NetworkPolicy")["spec"]["egress"]:
        if 80 not in {port["port"] for port in entry["ports"]}:
            continue
        for block in (peer["ipBlock"] for peer in entry["to"] if "ipBlock" in peer):
            reached = [ip_network(block["cidr"])]
            for left_out in map(ip_network, block.get("except", ())):
                reached = [part for net in reached for part in _without(net, left_out)]
            for address in ("169.254.169.254", "fd00:ec2::254"):
                assert not [net for net in reached if ip_address(address) in net], (address, block)


def _without(net: Any, left_out: Any) -> list[Any]:
    return list(net.address_exclude(left_out)) if left_out.subnet_of(net) else [net]


def test_its_pods_get_the_secret_that_they_know_the_operator_by() -> None:
    made = child(child_objects(analyzer(), "shared"), "Deployment")["spec"]["template"]["spec"]
    assert {"name": "secret", "secret": {"secretName": "shared", "defaultMode": 0o440}} in made["volumes"]
    (container,) = made["containers"]
    (mount,) = [entry for entry in container["volumeMounts"] if entry["name"] == "secret"]
    assert {"name": "GUARDIAN_SECRET_FILE", "value": f"{mount['mountPath']}/shared"} in container["env"]


def test_only_the_operators_pods_reach_it() -> None:
    (rule,) = child(child_objects(analyzer()), "NetworkPolicy")["spec"]["ingress"]
    (source,) = rule["from"]
    assert source == {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "silver-guardian-operator"}}}


def pod(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "audio-1"}, "status": status}


READY = [{"type": "Ready", "status": "True"}]
UNSCHEDULABLE = [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available: untolerated taint."}]
PULLING = [{"state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}}]

PODS = [
    ("a ready pod takes work at its address", pod(conditions=READY, podIP="10.1.2.3"), "10.1.2.3:8000", ""),
    ("an IPv6 address is bracketed", pod(conditions=READY, podIP="fd00::7"), "[fd00::7]:8000", ""),
    ("a ready pod without an address takes none", pod(conditions=READY), None, ""),
    ("a pod that starts is no problem", pod(conditions=[]), None, ""),
    ("a pod without a node says why", pod(conditions=UNSCHEDULABLE), None, "untolerated taint"),
    ("an image that cannot be pulled is named", pod(containerStatuses=PULLING), None, "image cannot be pulled"),
    (
        "a pod that is being deleted takes nothing new",
        {"metadata": {"name": "audio-1", "deletionTimestamp": "now"}, "status": pod(conditions=READY, podIP="1.1.1.1")},
        None,
        "",
    ),
]


@pytest.mark.parametrize(("raw", "address", "problem"), [row[1:] for row in PODS], ids=[row[0] for row in PODS])
def test_what_a_pod_says(raw: dict[str, Any], address: str | None, problem: str) -> None:
    facts = pod_facts(raw, 8000)
    assert facts.address == address
    assert problem in facts.problem
    assert bool(problem) == bool(facts.problem)


def test_a_pod_that_answers_itself_takes_work_before_the_kubelet_says_so() -> None:
    starting = pod(conditions=[{"type": "Ready", "status": "False"}], podIP="10.1.2.3")
    facts = pod_facts(starting, 8000)
    assert (facts.address, facts.starting) == (None, "10.1.2.3:8000")
    assert pod_facts(starting, 8000, answers=True).address == "10.1.2.3:8000"
    assert (
        pod_facts({**starting, "metadata": {"name": "a", "deletionTimestamp": "now"}}, 8000, answers=True).address
        is None
    )


def test_a_quota_that_refuses_pods_is_a_problem_too() -> None:
    refused = {"status": {"conditions": [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]}}
    assert "exceeded quota" in first_problem([], refused)
    assert first_problem([], None) == ""
