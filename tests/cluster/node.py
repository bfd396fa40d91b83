"""A node: containerd with its network, and the kubelet."""

import json
import os
import signal
from contextlib import suppress
from pathlib import Path

from tests.cluster import cgroups, control_plane, pki
from tests.cluster.builder import Tools
from tests.cluster.daemon import Daemon
from tests.cluster.shell import run, start_time, wait_until
from tests.cluster.topology import CLUSTER_DOMAIN, DNS_SERVICE_ADDRESS, PAUSE_IMAGE, WORKLOAD_LABEL, Node

_IMPORTS = 3

# restrict_oom_score_adj: without CAP_SYS_RESOURCE runc dies setting a pod's score below its own.
_CONTAINERD_CONFIG = """\
version = 2
root = "{state}/containerd"
state = "{run}/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
                    "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]

[grpc]
  address = "{socket}"

[plugins."io.containerd.internal.v1.opt"]
  path = "{state}/opt"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  disable_apparmor = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  Root = "{run}/runc"

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "{state}/cni"
"""


def containerd(node: Node) -> Daemon:
    """Return the node's container runtime."""
    return Daemon(f"containerd-{node.name}", ("containerd", "--config", str(node.state_dir / "containerd.toml")))


def kubelet(node: Node, tools: Tools) -> Daemon:
    """Return the node's kubelet."""
    return Daemon(f"kubelet-{node.name}", (
        str(tools.path("kubelet")),
        f"--config={node.state_dir / 'kubelet.json'}", f"--root-dir={node.state_dir / 'kubelet'}",
        f"--cert-dir={node.state_dir / 'kubelet-certificates'}",
        f"--kubeconfig={pki.kubeconfig_of(pki.kubelet_pair(node.name).name)}",
        f"--hostname-override={node.name}", f"--node-ip={node.address}",
        f"--node-labels={WORKLOAD_LABEL}={node.workload}",
    ))  # fmt: skip


def prepare(node: Node) -> None:
    """Write the node's configuration and make its cgroup."""
    for folder in (node.run_dir, node.state_dir / "cni", node.state_dir / "kubelet"):
        folder.mkdir(parents=True, exist_ok=True)
    cgroups.create(node)
    config = _CONTAINERD_CONFIG.format(
        state=node.state_dir, run=node.run_dir, socket=node.containerd_socket, pause=PAUSE_IMAGE
    )
    (node.state_dir / "containerd.toml").write_text(config)
    network = _network_config(node)
    (node.state_dir / "cni" / "10-silver-guardian.conflist").write_text(json.dumps(network))
    (node.state_dir / "kubelet.json").write_text(json.dumps(_kubelet_config(node), indent=2))


def _network_config(node: Node) -> dict[str, object]:
    # A cable per pod and routes on the host: unlike behind a bridge, a Service's answer between two
    # pods of one node passes the host too, where its address is translated back.
    cable = {
        "type": "ptp",
        "ipMasq": False,
        "mtu": 1500,
        "ipam": {
            "type": "host-local",
            "dataDir": str(node.run_dir / "addresses"),
            "ranges": [[{"subnet": node.pod_range}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    return {"cniVersion": "0.4.0", "name": f"silver-guardian-{node.name}", "plugins": [cable]}


def _kubelet_config(node: Node) -> dict[str, object]:
    pair = pki.kubelet_pair(node.name)
    taint = {"key": WORKLOAD_LABEL, "value": node.workload, "effect": "NoSchedule"}
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": f"unix://{node.containerd_socket}",
        "address": node.address,
        "healthzBindAddress": node.address,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(pki.CA.certificate)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(pair.certificate),
        "tlsPrivateKeyFile": str(pair.key),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": node.cgroup,
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "makeIPTablesUtilChains": False,
        "podLogsDir": str(node.state_dir / "pod-logs"),
        "volumePluginDir": str(node.state_dir / "volume-plugins"),
        "clusterDomain": CLUSTER_DOMAIN,
        "clusterDNS": [DNS_SERVICE_ADDRESS],
        "nodeLeaseDurationSeconds": control_plane.NODE_GRACE_SECONDS,
        "registerWithTaints": [taint] if node.tainted else [],
        # Images are loaded, never pulled: one that the disk's fill level removed would not come back.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
    }


def start_containerd(node: Node) -> None:
    """Start the container runtime and wait until it answers."""
    daemon = containerd(node)
    daemon.start()

    def answers() -> bool:
        daemon.require_alive()
        return ctr(node, "version", check=False)[0]

    wait_until(answers, f"containerd of {node.name}")


def import_image(node: Node, archive: Path) -> None:
    """Load an image archive into the node."""
    for _ in range(_IMPORTS - 1):
        # containerd's garbage collection can take a layer away that this very import is about to build on.
        if ctr(node, "images", "import", str(archive), check=False)[0]:
            return
    ctr(node, "images", "import", str(archive))


def ctr(node: Node, *arguments: str, check: bool = True) -> tuple[bool, str]:
    """Run containerd's client in Kubernetes' namespace; return whether it succeeded, and its output."""
    done = run("ctr", "--address", node.containerd_socket, "--namespace", "k8s.io", *arguments, check=check)
    return done.returncode == 0, done.stdout


def container_pid(node: Node, container_id: str) -> int:
    """Return the process id, on the host, of a container's main process."""
    for line in ctr(node, "tasks", "list")[1].splitlines():
        words = line.split()
        if words and words[0] == container_id:
            return int(words[1])
    raise LookupError(f"container {container_id[:12]} does not run on node {node.name}")


def power_off(node: Node) -> None:
    """End the node as a power cut does: kubelet, runtime and all containers, without a word."""
    Daemon(f"kubelet-{node.name}").stop(signal_number=signal.SIGKILL)
    Daemon(f"containerd-{node.name}").stop(signal_number=signal.SIGKILL)
    for pid in _shims(node):
        with suppress(ProcessLookupError):  # it may end by itself meanwhile
            os.kill(pid, signal.SIGKILL)
    cgroups.kill_processes(node.cgroup)


def _shims(node: Node) -> list[int]:
    """Return the processes that stand between the node's containerd and its containers."""
    shims = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        is_shim = Path(words[0]).name.startswith("containerd-shim")
        # A shim is known by its runtime's socket: another containerd's shims are not ours to end.
        if is_shim and str(node.containerd_socket) in words and start_time(int(folder.name)):
            shims.append(int(folder.name))
    return shims
