"""Build an Analyzer's Deployment, Service, PodDisruptionBudget, ServiceAccount and NetworkPolicy. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from analysis_operator.analyzers.placement import placement
from analysis_operator.api import Analyzer, EnvVar, Models
from analysis_operator.kube.objects import MANAGER, KubeObject, child_labels, child_metadata, pod_selector

_CONTAINER = "analyzer"
_MODELS = "/models"
_TRUST = "/trust"
_SECRETS = "/etc/silver-guardian"
_OPERATOR = {"app.kubernetes.io/name": "silver-guardian-operator"}
"""The label of the operator's pods that does not depend on the release."""

_GRACE_SECONDS = 3660
"""The longest analysis that a request can ask for, and its upload: a pod that is deleted can finish its work."""
_PRE_STOP_SECONDS = 2
"""The Service removes a pod only a moment after its SIGTERM; until then the pod has to answer."""
_EXIT_SECONDS = 8
_POD_IDENTITY = "169.254.170.23/32"
_ANYWHERE_BUT_THE_NODE = [
    {"namespaceSelector": {}},
    {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}},
    {"ipBlock": {"cidr": "::/0", "except": ["fd00:ec2::254/128", "fe80::/10"]}},
]
"""Whatever port an S3 server has: the node's metadata service, and its credentials, are not reached by it."""


def child_objects(analyzer: Analyzer, secret_name: str | None = None) -> list[KubeObject]:
    """Return the child objects of an Analyzer, except its ScaledObject, ready for server-side apply.

    Args:
        analyzer: the resource.
        secret_name: the Secret with what the pods know the operator by.
    """
    objects = [_deployment(analyzer, secret_name), _service(analyzer), _budget(analyzer), _network_policy(analyzer)]
    if analyzer.spec.service_account_name is None:
        objects.insert(0, _service_account(analyzer))
    return objects


def initial_deployment(analyzer: Analyzer) -> KubeObject:
    """Return the Deployment as it is created: with no pods, while one without `replicas` would start with one pod.

    It holds only the required fields: applying a Deployment without a field does not remove it from its creator.
    """
    container = {"name": _CONTAINER, "image": analyzer.spec.image}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": child_metadata(analyzer),
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": pod_selector(analyzer)},
            "template": {"metadata": {"labels": pod_selector(analyzer)}, "spec": {"containers": [container]}},
        },
    }


def replicas_to_hand_over(deployment: Mapping[str, Any]) -> KubeObject | None:
    """Return the fields that keep a Deployment at its size once it is applied without `replicas`.

    A field that its only owner drops returns to its default, which is one pod: the other pods would be deleted with
    their work, and a pool of zero would start one.

    Returns:
        The fields, or None if the operator does not own `replicas`.
    """
    meta, spec = deployment["metadata"], deployment.get("spec", {})
    is_owner = any(
        entry["manager"] == MANAGER and "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {})
        for entry in meta.get("managedFields") or ()
    )
    if not is_owner:
        return None
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": meta["name"], "namespace": meta["namespace"]},
        "spec": {"replicas": spec.get("replicas")},
    }


def revision(child: Mapping[str, Any], *, scaled: bool) -> str:
    """Return a string that changes when a child object is edited: its generation, or its version if it has none.

    A new size that KEDA sets is no edit: to apply everything again at each step would slow down every cold start.

    Args:
        child: as the API server returns it.
        scaled: whether KEDA sizes the pool.
    """
    meta = child["metadata"]
    if scaled and child["kind"] == "Deployment":
        return json.dumps({key: value for key, value in child["spec"].items() if key != "replicas"}, sort_keys=True)
    return f"g{meta['generation']}" if meta.get("generation") else f"v{meta['resourceVersion']}"


def _service_account(analyzer: Analyzer) -> KubeObject:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": child_metadata(analyzer),
        "automountServiceAccountToken": False,
    }


def _service(analyzer: Analyzer) -> KubeObject:
    port = {"name": "http", "port": analyzer.spec.port, "targetPort": "http", "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": child_metadata(analyzer),
        "spec": {"selector": pod_selector(analyzer), "ports": [port]},
    }


def _budget(analyzer: Analyzer) -> KubeObject:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": child_metadata(analyzer),
        "spec": {
            # A Spot notice leaves two minutes to empty a node: too little to evict one pod after another.
            "maxUnavailable": "50%",
            "selector": {"matchLabels": pod_selector(analyzer)},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }


def _network_policy(analyzer: Analyzer) -> KubeObject:
    """Return the policy. In: the operator's pods. Out: name resolution, S3, what a URL names, Pod Identity."""
    storage_ports = sorted({443, *_endpoint_ports(analyzer)})
    dns_ports = [{"port": 53, "protocol": protocol} for protocol in ("TCP", "UDP")]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": child_metadata(analyzer),
        "spec": {
            "podSelector": {"matchLabels": pod_selector(analyzer)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {
                    "from": [{"podSelector": {"matchLabels": _OPERATOR}}],
                    "ports": [{"port": analyzer.spec.port, "protocol": "TCP"}],
                },
            ],
            "egress": [
                {"ports": dns_ports},
                {
                    "to": _ANYWHERE_BUT_THE_NODE,
                    "ports": [{"port": port, "protocol": "TCP"} for port in storage_ports],
                },
                {"to": [{"ipBlock": {"cidr": _POD_IDENTITY}}], "ports": [{"port": 80, "protocol": "TCP"}]},
            ],
        },
    }


def _endpoint_ports(analyzer: Analyzer) -> list[int]:
    """Return the ports of what the environment names by a URL: other servers than Amazon's, a model, a collector."""
    endings = ("_URL", "_ENDPOINT")
    named = [
        each for each in analyzer.spec.env if each.name.startswith("AWS_ENDPOINT_URL") or each.name.endswith(endings)
    ]
    values = [entry.value or "" for entry in named]
    urls = [urlsplit(value) for value in values if value]
    return [url.port or (80 if url.scheme == "http" else 443) for url in urls]


def _deployment(analyzer: Analyzer, secret_name: str | None) -> KubeObject:
    # Without `replicas` for a pool that KEDA scales: applying the field would undo what KEDA decided.
    size = {} if analyzer.spec.replicas is None else {"replicas": analyzer.spec.replicas}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": child_metadata(analyzer),
        "spec": {
            **size,
            "revisionHistoryLimit": 2,
            "selector": {"matchLabels": pod_selector(analyzer)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {"metadata": {"labels": child_labels(analyzer)}, "spec": _pod_spec(analyzer, secret_name)},
        },
    }


def _pod_spec(analyzer: Analyzer, secret_name: str | None) -> KubeObject:
    spec = analyzer.spec
    work = {"name": "work", "emptyDir": {"sizeLimit": f"{3 * spec.concurrency}Gi"}}
    return {
        "serviceAccountName": spec.service_account_name or analyzer.metadata.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        **placement(analyzer),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(analyzer, secret_name)],
        "volumes": [work, *_models(spec.models), *_trust(spec.trust_config_map), *_secrets(secret_name)],
    }


def _models(models: Models | None) -> list[KubeObject]:
    if models is None:
        return []
    if models.image is not None:
        return [{"name": "models", "image": {"reference": models.image}}]
    return [{"name": "models", "persistentVolumeClaim": {"claimName": models.claim, "readOnly": True}}]


def _trust(config_map: str | None) -> list[KubeObject]:
    return [] if config_map is None else [{"name": "trust", "configMap": {"name": config_map}}]


def _secrets(secret_name: str | None) -> list[KubeObject]:
    """Return the volume of the installation's secrets; the group of the pod may read it."""
    if secret_name is None:
        return []
    return [{"name": "secret", "secret": {"secretName": secret_name, "defaultMode": 0o440}}]


def _container(analyzer: Analyzer, secret_name: str | None) -> KubeObject:
    spec = analyzer.spec
    own = [
        EnvVar(name="GUARDIAN_PORT", value=str(spec.port)),
        EnvVar(name="GUARDIAN_CONCURRENCY", value=str(spec.concurrency)),
        EnvVar(name="GUARDIAN_DRAIN_SECONDS", value=str(_GRACE_SECONDS - _PRE_STOP_SECONDS - _EXIT_SECONDS)),
    ]
    mounts: list[KubeObject] = [{"name": "work", "mountPath": "/tmp"}]  # noqa: S108
    if spec.models is not None:
        own.append(EnvVar(name="GUARDIAN_MODELS", value=_MODELS))
        mounts.append({"name": "models", "mountPath": _MODELS, "readOnly": True})
    if spec.trust_config_map is not None:
        own.append(EnvVar(name="GUARDIAN_TRUST", value=_TRUST))
        mounts.append({"name": "trust", "mountPath": _TRUST, "readOnly": True})
    if secret_name is not None:
        own.append(EnvVar(name="GUARDIAN_SECRET_FILE", value=f"{_SECRETS}/shared"))
        mounts.append({"name": "secret", "mountPath": _SECRETS, "readOnly": True})
    alive = {"httpGet": {"path": "/livez", "port": "http"}, "timeoutSeconds": 5}
    return {
        "name": _CONTAINER,
        "image": spec.image,
        "imagePullPolicy": spec.image_pull_policy,
        "ports": [{"name": "http", "containerPort": spec.port, "protocol": "TCP"}],
        "env": [_env(entry) for entry in [*own, *spec.env]],
        "resources": {
            "requests": spec.resources.requests.model_dump(),
            # Kubernetes takes the limit of a device as its request, too.
            "limits": {**spec.resources.limits.model_dump(), **{k: str(n) for k, n in spec.extended_resources.items()}},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        # On a busy node a start may take minutes; ended after half of one, it would never be through.
        "startupProbe": {**alive, "periodSeconds": 1, "failureThreshold": 300},
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}, "periodSeconds": 1, "timeoutSeconds": 2},
        "livenessProbe": {**alive, "periodSeconds": 10, "failureThreshold": 6},
        "lifecycle": {"preStop": {"sleep": {"seconds": _PRE_STOP_SECONDS}}},
        "volumeMounts": mounts,
    }


def _env(entry: EnvVar) -> KubeObject:
    if entry.secret_key is not None:
        reference = {"name": entry.secret_key.name, "key": entry.secret_key.key}
        return {"name": entry.name, "valueFrom": {"secretKeyRef": reference}}
    return {"name": entry.name, "value": entry.value or ""}
