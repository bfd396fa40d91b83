"""The kind cluster's configuration: the same two nodes, audit log and pace as the local cluster's."""

import json
from pathlib import Path

from tests.cluster.control_plane import AUDIT_POLICY, CONTROLLER_PACE, NODE_GRACE_SECONDS

KIND_VERSION = "v0.30.0"
NODE_IMAGE = "kindest/node:v1.34.0"
NODES = {"system": "control-plane", "ml": "worker"}
"""Node → the end of its container's name."""

_AUDIT_IN_NODE = "/var/log/audit"


def write(folder: Path) -> Path:
    """Write kind's configuration and the audit policy into a folder; return the configuration's file."""
    audit = folder / "audit"
    audit.mkdir(parents=True, exist_ok=True)
    (audit / "policy.json").write_text(json.dumps(AUDIT_POLICY))
    target = folder / "kind.json"
    target.write_text(json.dumps(_cluster(audit), indent=2))
    return target


def _cluster(audit: Path) -> dict[str, object]:
    untainted = {"kind": "InitConfiguration", "nodeRegistration": {"taints": []}}
    taint = {"key": "workload", "value": "ml", "effect": "NoSchedule"}
    tainted = {"kind": "JoinConfiguration", "nodeRegistration": {"taints": [taint]}}
    kubelet = {"kind": "KubeletConfiguration", "nodeLeaseDurationSeconds": NODE_GRACE_SECONDS}
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "kubeadmConfigPatches": [json.dumps(kubelet)],
        "nodes": [
            {
                "role": "control-plane",
                "labels": {"workload": "system"},
                "extraMounts": [{"hostPath": str(audit), "containerPath": _AUDIT_IN_NODE}],
                "kubeadmConfigPatches": [json.dumps(untainted), json.dumps(_control_plane())],
            },
            {
                "role": "worker",
                "labels": {"workload": "ml"},
                "kubeadmConfigPatches": [json.dumps(tainted)],
            },
        ],
    }


def _control_plane() -> dict[str, object]:
    volume = {"name": "audit", "hostPath": _AUDIT_IN_NODE, "mountPath": _AUDIT_IN_NODE,
              "pathType": "DirectoryOrCreate"}  # fmt: skip
    arguments = {
        "audit-policy-file": f"{_AUDIT_IN_NODE}/policy.json",
        "audit-log-path": f"{_AUDIT_IN_NODE}/audit.log",
    }
    return {
        "kind": "ClusterConfiguration",
        "apiServer": {"extraArgs": arguments, "extraVolumes": [volume]},
        "controllerManager": {"extraArgs": CONTROLLER_PACE},
    }
