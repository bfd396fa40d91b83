"""The local cluster's addresses and nodes, in one place."""

from dataclasses import dataclass
from pathlib import Path

from tests.cluster.paths import RUN_DIR, STATE_DIR

HOST_INTERFACE = "sg-host"
HOST_ADDRESS = "10.230.0.1"
"""The API server listens here, and the pods reach servers on the host here."""

LOOPBACK = "127.230.0.1"
"""For what only the host talks to; not 127.0.0.1, so that no port is ever taken already."""

API_SERVER = f"https://{HOST_ADDRESS}:6443"
ETCD = f"http://{LOOPBACK}:2379"
POD_RANGE = "10.231.0.0/16"
SERVICE_RANGE = "10.96.0.0/16"
API_SERVICE_ADDRESS = "10.96.0.1"
DNS_SERVICE_ADDRESS = "10.96.0.10"
CLUSTER_DOMAIN = "cluster.local"

CGROUP = "silver-guardian"
COMPONENTS_CGROUP = f"/{CGROUP}/components"
"""That of the API server, the kubelets and all else that is no pod."""

PAUSE_IMAGE = "localhost/silver-guardian/pause:1"
WORKLOAD_LABEL = "workload"


@dataclass(frozen=True)
class Node:
    """One kubelet with a containerd of its own, on this machine."""

    name: str
    address: str
    pod_range: str
    workload: str
    tainted: bool = False

    @property
    def state_dir(self) -> Path:
        """Data of its kubelet and containerd."""
        return STATE_DIR / "nodes" / self.name

    @property
    def run_dir(self) -> Path:
        """Its sockets."""
        return RUN_DIR / "nodes" / self.name

    @property
    def containerd_socket(self) -> Path:
        """Where its containerd listens."""
        return self.run_dir / "containerd.sock"

    @property
    def cgroup(self) -> str:
        """Its own cgroup: kubelets that share one kill each other's pods."""
        return f"/{CGROUP}/{self.name}"


NODES = (
    Node(name="system", address=HOST_ADDRESS, pod_range="10.231.0.0/24", workload="system"),
    Node(name="ml", address="10.230.0.2", pod_range="10.231.1.0/24", workload="ml", tainted=True),
)


def node_named(name: str) -> Node:
    """Return the node of that name; raise KeyError, naming those that exist, if there is none."""
    for node in NODES:
        if node.name == name:
            return node
    raise KeyError(f"no node {name!r}; there are {', '.join(node.name for node in NODES)}")
