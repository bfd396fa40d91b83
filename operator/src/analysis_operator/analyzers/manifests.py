"""What an Analyzer becomes: Deployment, Service, PodDisruptionBudget, ServiceAccount, NetworkPolicy, ScaledObject."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from analysis_operator.api import API_VERSION, Analyzer, EnvVar, Models

Manifest = dict[str, Any]

MANAGER = "silver-guardian"
FIRST_MANAGER = f"{MANAGER}-first"
"""Owns what an object is created with and what is not applied afterwards: the size of a Deployment that KEDA scales."""
ANALYZER_LABEL = "silverguardian.io/analyzer"
COMPONENT_LABELS = {"app.kubernetes.io/part-of": "silver-guardian", "app.kubernetes.io/managed-by": MANAGER}
_CONTAINER = "analyzer"
_MODELS = "/models"
_GRACE_SECONDS = 3660
"""The longest analysis that can be asked for, and its upload: whatever takes a pod away lets it finish its work."""
_PRE_STOP_SECONDS = 2
"""The Service forgets a pod a moment after its SIGTERM; until then it still answers."""
_EXIT_SECONDS = 8
_LOST_NODE_SECONDS = 5
"""The default is 300: an analysis may not wait so long for a pod on a node that is gone."""
_POD_IDENTITY = "169.254.170.23/32"


def children(analyzer: Analyzer) -> list[Manifest]:
    """Give what the operator owns for an Analyzer, ready for server-side apply; its ScaledObject is KEDA's kind."""
    made = [_deployment(analyzer), _service(analyzer), _budget(analyzer), _network_policy(analyzer)]
    if analyzer.spec.service_account_name is None:
        made.insert(0, _service_account(analyzer))
    return made


def first_deployment(analyzer: Analyzer) -> Manifest:
    """Give the Deployment as it is created: without pods, where one that says nothing of its size would start with one.

    It holds no more than it must: what is owned by whoever created it is not removed by applying without it.
    """
    container = {"name": _CONTAINER, "image": analyzer.spec.image}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta(analyzer),
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": _selector(analyzer)},
            "template": {"metadata": {"labels": _selector(analyzer)}, "spec": {"containers": [container]}},
        },
    }


def size_to_hand_over(deployment: Mapping[str, Any]) -> Manifest | None:
    """Give what keeps a Deployment at its size once we apply it without one, or None where we never said one.

    A field that its only owner drops goes back to its default, which is one pod: whatever ran in the others would be
    told to go, and a pool of none would start one.
    """
    found, spec = deployment["metadata"], deployment.get("spec", {})
    said = any(
        entry["manager"] == MANAGER and "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {})
        for entry in found.get("managedFields") or ()
    )
    if not said:
        return None
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": found["name"], "namespace": found["namespace"]},
        "spec": {"replicas": spec.get("replicas")},
    }


def mark(raw: Mapping[str, Any], *, scaled: bool) -> str:
    """Give what changes when somebody edits an owned object: its generation, or where it has none, its version.

    How KEDA sizes a Deployment is no edit: applying everything again at each step would slow down every cold start.
    """
    found = raw["metadata"]
    if scaled and raw["kind"] == "Deployment":
        return json.dumps({key: value for key, value in raw["spec"].items() if key != "replicas"}, sort_keys=True)
    return f"g{found['generation']}" if found.get("generation") else f"v{found['resourceVersion']}"


def meta(analyzer: Analyzer) -> Manifest:
    """Give the metadata of whatever belongs to an Analyzer: its name, its labels, and whose it is."""
    return {
        "name": analyzer.metadata.name,
        "namespace": analyzer.metadata.namespace,
        "labels": _labels(analyzer),
        "ownerReferences": [
            {
                "apiVersion": API_VERSION,
                "kind": "Analyzer",
                "name": analyzer.metadata.name,
                "uid": analyzer.metadata.uid,
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }


def _labels(analyzer: Analyzer) -> dict[str, str]:
    return COMPONENT_LABELS | {"app.kubernetes.io/name": analyzer.metadata.name} | _selector(analyzer)


def _selector(analyzer: Analyzer) -> dict[str, str]:
    return {ANALYZER_LABEL: analyzer.metadata.name}


def _service_account(analyzer: Analyzer) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": meta(analyzer),
        "automountServiceAccountToken": False,
    }


def _service(analyzer: Analyzer) -> Manifest:
    port = {"name": "http", "port": analyzer.spec.port, "targetPort": "http", "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta(analyzer),
        "spec": {"selector": _selector(analyzer), "ports": [port]},
    }


def _budget(analyzer: Analyzer) -> Manifest:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": meta(analyzer),
        "spec": {
            # A Spot notice gives two minutes to empty a node: one pod after another would not all be told in time.
            "maxUnavailable": "50%",
            "selector": {"matchLabels": _selector(analyzer)},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }


def _network_policy(analyzer: Analyzer) -> Manifest:
    """In: the operator and whoever is in its namespace. Out: name resolution, S3, and Pod Identity."""
    storage = sorted({443, *_endpoint_ports(analyzer)})
    resolve = [{"port": 53, "protocol": protocol} for protocol in ("TCP", "UDP")]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": meta(analyzer),
        "spec": {
            "podSelector": {"matchLabels": _selector(analyzer)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {"from": [{"podSelector": {}}], "ports": [{"port": analyzer.spec.port, "protocol": "TCP"}]},
            ],
            "egress": [
                {"ports": resolve},
                {"ports": [{"port": port, "protocol": "TCP"} for port in storage]},
                {"to": [{"ipBlock": {"cidr": _POD_IDENTITY}}], "ports": [{"port": 80, "protocol": "TCP"}]},
            ],
        },
    }


def _endpoint_ports(analyzer: Analyzer) -> list[int]:
    """Ports of an S3 server other than Amazon's, if the environment names one."""
    named = [entry.value or "" for entry in analyzer.spec.env if entry.name.startswith("AWS_ENDPOINT_URL")]
    urls = [urlsplit(value) for value in named if value]
    return [url.port or (80 if url.scheme == "http" else 443) for url in urls]


def _deployment(analyzer: Analyzer) -> Manifest:
    # A pool that KEDA scales says nothing of its size: whoever applies `replicas` undoes what KEDA decided.
    size = {} if analyzer.spec.replicas is None else {"replicas": analyzer.spec.replicas}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta(analyzer),
        "spec": {
            **size,
            "revisionHistoryLimit": 2,
            "selector": {"matchLabels": _selector(analyzer)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {"metadata": {"labels": _labels(analyzer)}, "spec": _pod_spec(analyzer)},
        },
    }


def _pod_spec(analyzer: Analyzer) -> Manifest:
    spec = analyzer.spec
    return {
        "serviceAccountName": spec.service_account_name or analyzer.metadata.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "nodeSelector": spec.node_selector,
        "tolerations": [found.model_dump(by_alias=True) for found in spec.tolerations] + _lost_node(),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(analyzer)],
        "volumes": [{"name": "work", "emptyDir": {"sizeLimit": f"{3 * spec.concurrency}Gi"}}, *_models(spec.models)],
    }


def _models(models: Models | None) -> list[Manifest]:
    if models is None:
        return []
    if models.image is not None:
        return [{"name": "models", "image": {"reference": models.image}}]
    return [{"name": "models", "persistentVolumeClaim": {"claimName": models.claim, "readOnly": True}}]


def _lost_node() -> list[Manifest]:
    return [
        {
            "key": f"node.kubernetes.io/{state}",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": _LOST_NODE_SECONDS,
        }
        for state in ("not-ready", "unreachable")
    ]


def _container(analyzer: Analyzer) -> Manifest:
    spec = analyzer.spec
    own = [
        EnvVar(name="GUARDIAN_PORT", value=str(spec.port)),
        EnvVar(name="GUARDIAN_CONCURRENCY", value=str(spec.concurrency)),
        EnvVar(name="GUARDIAN_DRAIN_SECONDS", value=str(_GRACE_SECONDS - _PRE_STOP_SECONDS - _EXIT_SECONDS)),
    ]
    mounts: list[Manifest] = [{"name": "work", "mountPath": "/tmp"}]  # noqa: S108
    if spec.models is not None:
        own.append(EnvVar(name="GUARDIAN_MODELS", value=_MODELS))
        mounts.append({"name": "models", "mountPath": _MODELS, "readOnly": True})
    return {
        "name": _CONTAINER,
        "image": spec.image,
        "imagePullPolicy": spec.image_pull_policy,
        "ports": [{"name": "http", "containerPort": spec.port, "protocol": "TCP"}],
        "env": [_env(entry) for entry in [*own, *spec.env]],
        "resources": {
            "requests": spec.resources.requests.model_dump(),
            "limits": spec.resources.limits.model_dump(),
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}, "periodSeconds": 1, "timeoutSeconds": 2},
        "livenessProbe": {
            "httpGet": {"path": "/livez", "port": "http"},
            "initialDelaySeconds": 5,
            "periodSeconds": 10,
            "timeoutSeconds": 5,
        },
        "lifecycle": {"preStop": {"sleep": {"seconds": _PRE_STOP_SECONDS}}},
        "volumeMounts": mounts,
    }


def _env(entry: EnvVar) -> Manifest:
    if entry.secret_key is not None:
        reference = {"name": entry.secret_key.name, "key": entry.secret_key.key}
        return {"name": entry.name, "valueFrom": {"secretKeyRef": reference}}
    return {"name": entry.name, "value": entry.value or ""}
