"""CoreDNS: the cluster's name service, at the address that every pod is given."""

import socket
import struct
from pathlib import Path

from tests.cluster.manifests import Manifest
from tests.cluster.program_images import ProgramImage
from tests.cluster.topology import CLUSTER_DOMAIN, DNS_SERVICE_ADDRESS, WORKLOAD_LABEL

IMAGE = ProgramImage("localhost/silver-guardian/coredns:1", "coredns")
_NAMESPACE = "kube-system"
_LABELS = {"k8s-app": "kube-dns"}
_RESOLVER = Path("/etc/resolv.conf")
# Not 53: the program runs without root.
_PORT = 1053
# The cluster's own names are not cached: a test sees its new Service at once.
_COREFILE = """\
.:{port} {{
    errors
    health
    ready
    kubernetes {domain} in-addr.arpa ip6.arpa {{
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
    }}
    {forward}
    cache 30 {{
        disable success {domain}
        disable denial {domain}
    }}
}}
"""


def manifests() -> list[Manifest]:
    """Return CoreDNS, its rights and its Service."""
    return [*_rights(), _config(), _deployment(), _service()]


def answers(timeout: float = 1.0) -> bool:
    """Say whether the Service, asked from the host, knows the API server's name (RFC 1035)."""
    name = f"kubernetes.default.svc.{CLUSTER_DOMAIN}"
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    header, (address, internet) = struct.pack(">6H", 1, 0, 1, 0, 0, 0), (1, 1)
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.settimeout(timeout)
        try:
            probe.connect((DNS_SERVICE_ADDRESS, 53))
            probe.send(header + labels + b"\0" + struct.pack(">2H", address, internet))
            answer = probe.recv(512)
        except OSError:
            return False
    _, flags, _, count = struct.unpack(">4H", answer[:8])
    return bool(flags & 0xF == 0 and count > 0)


def _config() -> Manifest:
    # A machine without a name server cannot resolve names outside.
    has_server = _RESOLVER.exists() and "nameserver" in _RESOLVER.read_text()
    forward = f"forward . {_RESOLVER}" if has_server else ""
    corefile = _COREFILE.format(port=_PORT, domain=CLUSTER_DOMAIN, forward=forward)
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _metadata("coredns"), "data": {"Corefile": corefile}}


def _rights() -> list[Manifest]:
    group, role = "rbac.authorization.k8s.io", "system:coredns"
    verbs = ["list", "watch"]
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata("coredns")},
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": role},
            "rules": [
                {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": verbs},
                {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": verbs},
            ],
        },
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": role},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": "coredns", "namespace": _NAMESPACE}],
        },
    ]


def _deployment() -> Manifest:
    container = {
        "name": "coredns",
        "image": IMAGE.name,
        "imagePullPolicy": "Never",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "resources": {"requests": {"cpu": "50m", "memory": "50Mi"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 1},
        "livenessProbe": {"httpGet": {"path": "/health", "port": 8080}, "failureThreshold": 6},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }
    pod = {
        "serviceAccountName": "coredns",
        "priorityClassName": "system-cluster-critical",
        "nodeSelector": {WORKLOAD_LABEL: "system"},
        # The machine's resolver, not itself.
        "dnsPolicy": "Default",
        "containers": [container],
        "volumes": [{"name": "config", "configMap": {"name": "coredns"}}],
    }
    template = {"metadata": {"labels": _LABELS}, "spec": pod}
    spec = {"selector": {"matchLabels": _LABELS}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _metadata("coredns"), "spec": spec}


def _service() -> Manifest:
    ports = [
        {"name": f"dns-{protocol.lower()}", "protocol": protocol, "port": 53, "targetPort": _PORT}
        for protocol in ("UDP", "TCP")
    ]
    spec = {"clusterIP": DNS_SERVICE_ADDRESS, "selector": _LABELS, "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": _metadata("kube-dns"), "spec": spec}


def _metadata(name: str) -> Manifest:
    return {"name": name, "namespace": _NAMESPACE, "labels": _LABELS}
