"""What runs in the local cluster from the start, on its system node: CoreDNS and metrics-server."""

import json

from tests.cluster import dns, manifests, metrics
from tests.cluster.builder import Tools
from tests.cluster.interface import KEDA_NAMESPACE, Cluster

IMAGES = (dns.IMAGE, metrics.IMAGE)


def apply(cluster: Cluster, tools: Tools) -> None:
    """Apply their manifests; the pods start once there is a node."""
    objects = [*dns.manifests(), *metrics.local_manifests(tools)]
    cluster.kubectl("apply", "--server-side", "--filename", "-", input=manifests.as_list(objects))


def states(cluster: Cluster) -> dict[str, str]:
    """Return Deployment → state, for these and for KEDA's where it is installed."""
    listed = cluster.kubectl("get", "deployments", "--all-namespaces", "--output=json", check=False)
    items = json.loads(listed.stdout)["items"] if listed.returncode == 0 else []
    return {
        one["metadata"]["name"]: "available" if one["status"].get("availableReplicas") else "not available"
        for one in items
        if one["metadata"]["namespace"] in {"kube-system", KEDA_NAMESPACE}
    }
