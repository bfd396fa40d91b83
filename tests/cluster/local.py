"""A real cluster on this machine without Docker: two nodes, built from pinned Go modules."""

import json
import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from tests.cluster import addons, buildah, cgroups, control_plane, dns, images, keda, network, node, pki, s3, teardown
from tests.cluster.builder import Tools, ensure_tools
from tests.cluster.daemon import Daemon, all_daemons
from tests.cluster.interface import Cluster, ClusterStatus, S3Server
from tests.cluster.paths import AUDIT_LOG, KUBECONFIG, STATE_DIR, log_dir
from tests.cluster.program_images import PAUSE, ProgramImage
from tests.cluster.progress import Progress
from tests.cluster.shell import exclusive, run, wait_until, write_atomically
from tests.cluster.topology import HOST_ADDRESS, NODES, Node, node_named

_LOCK = Path("/run/lock/silver-guardian-cluster.lock")
_READY = '{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status} {end}'
_COMPONENTS = (
    *("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"),
    *(f"{part}-{member.name}" for member in NODES for part in ("containerd", "kubelet")),
)


class LocalCluster(Cluster):
    """The cluster of this machine; there is one at a time, since its addresses are fixed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._found: Tools | None = None

    @property
    def kubeconfig(self) -> Path:
        return KUBECONFIG

    @property
    def host_address(self) -> str:
        return HOST_ADDRESS

    @property
    def audit_log(self) -> Path:
        return AUDIT_LOG

    @property
    def _tools(self) -> Tools:
        if self._found is None:
            self._found = ensure_tools()
        return self._found

    def up(self) -> None:
        if os.geteuid() != 0:
            raise PermissionError("the local cluster needs root: it makes namespaces, mounts and cgroups")
        tools = self._tools
        with exclusive(_LOCK):
            progress = Progress("cluster", 7)
            if self.status().healthy:
                progress.done(f"{self.name} runs and is healthy: {KUBECONFIG}")
                return
            progress.step("removing what an earlier run left")
            teardown.remove_everything()
            try:
                self._start(tools, progress)
            except BaseException:
                # Half a cluster is worse than none; its logs stay.
                progress.note(f"failed; cleaning up. Logs: {log_dir()}")
                teardown.remove_everything()
                raise
            progress.done(f"{self.name} is up: {KUBECONFIG}, pods reach the host at {HOST_ADDRESS}")

    def _start(self, tools: Tools, progress: Progress) -> None:
        for log in log_dir().glob("*.log"):
            log.unlink()
        progress.step("network and certificates")
        network.create()
        pki.create()
        write_atomically(STATE_DIR / "cluster.json", json.dumps({"name": self.name}))
        cgroups.create_components()
        archives = {member: [image.archive(tools) for image in _images(member)] for member in NODES}
        for member in NODES:
            node.prepare(member)
            node.containerd(member).start()
        progress.step("etcd and API server")
        control_plane.start_api(tools)
        progress.step("controller manager, scheduler, container runtimes")
        for start in (control_plane.controller_manager, control_plane.scheduler):
            start(tools).start()
        with ThreadPoolExecutor() as pool:
            added = pool.submit(addons.apply, self, tools)
            list(pool.map(lambda member: _boot(member, archives[member]), NODES))
            added.result()
        progress.step("kubelets")
        for member in NODES:
            node.kubelet(member, tools).start()
        progress.step("waiting for both nodes and the default service account")
        wait_until(self._all_ready, "both nodes to be Ready", interval=0.25)
        control_plane.proxy(tools).start()  # it ends if its node gets another address, and the first is one
        wait_until(self._has_service_account, "the default service account", interval=0.25)
        progress.step("waiting for the name service")
        wait_until(dns.answers, "CoreDNS to answer", interval=0.1)

    def down(self) -> None:
        with exclusive(_LOCK):
            teardown.remove_everything()
            buildah.sweep()

    def status(self) -> ClusterStatus:
        recorded = {daemon.name for daemon in all_daemons()}
        names = sorted(recorded | set(_COMPONENTS)) if recorded else []
        parts = {name: "running" if Daemon(name).pid else "dead" for name in names}
        healthy = bool(parts) and "dead" not in parts.values() and self._is_mine()
        if healthy:
            parts["API server"] = "ready" if control_plane.is_ready() else "not ready"
            healthy = parts["API server"] == "ready"
        if healthy:
            nodes = self._nodes_ready()
            parts |= {f"node {name}": "Ready" if ready else "not ready" for name, ready in nodes.items()}
            healthy = all(nodes.values())
        if healthy:
            parts |= addons.states(self)
            # Asked more than once: an answer may be lost while the machine is busy.
            healthy = any(dns.answers() for _ in range(5))
            parts["name service"] = "answers" if healthy else "does not answer"
        return ClusterStatus(healthy=healthy, parts=parts)

    def build_images(self, targets: Sequence[str], *, tag: str = "dev") -> dict[str, str]:
        return images.build_targets(targets, tag)

    def build_image(self, context_dir: Path, dockerfile: Path, name: str) -> str:
        return images.build_other(context_dir, dockerfile, name)

    def image_size(self, name: str) -> int:
        return buildah.size(name)

    def start_s3(self) -> S3Server:
        with exclusive(_LOCK):
            return s3.start(self._tools, HOST_ADDRESS, STATE_DIR / "s3")

    def stop_s3(self) -> None:
        with exclusive(_LOCK):
            s3.stop()

    def install_keda(self) -> None:
        with exclusive(_LOCK):
            for image in keda.IMAGES.values():
                images.load_archive(image.name, image.archive(self._tools), node_named("system"))
            keda.install(self, keda.local_manifests(self._tools))

    def remove_keda(self) -> None:
        with exclusive(_LOCK):
            keda.remove(self, keda.local_manifests(self._tools))

    def stop_node(self, name: str) -> None:
        node.power_off(node_named(name))

    def start_node(self, name: str) -> None:
        member, since = node_named(name), datetime.now(tz=UTC)
        node.start_containerd(member)
        node.kubelet(member, self._tools).start()

        def back() -> bool:
            # Until the API server misses it, a node that is off still counts as Ready.
            return self._last_sign(name) > since and self._nodes_ready()[name]

        wait_until(back, f"node {name} to be Ready", interval=0.25)
        wait_until(dns.answers, "CoreDNS to answer", interval=0.1)

    def signal_container(self, namespace: str, pod: str, signal: int, container: str | None = None) -> None:
        details = json.loads(self.kubectl("get", "pod", pod, "--namespace", namespace, "--output=json").stdout)
        statuses = details.get("status", {}).get("containerStatuses", [])
        chosen = next((one for one in statuses if container in {None, one["name"]}), None)
        if chosen is None or not chosen.get("containerID"):
            raise LookupError(f"pod {namespace}/{pod} has no running container {container or ''}".rstrip())
        container_id = chosen["containerID"].removeprefix("containerd://")
        os.kill(node.container_pid(node_named(details["spec"]["nodeName"]), container_id), signal)

    def component_logs(self, name: str, lines: int = 200) -> str:
        return Daemon(name).tail(lines)

    def _client(
        self, program: str, arguments: Sequence[str], *, text: str | None, check: bool
    ) -> subprocess.CompletedProcess[str]:
        env = {**control_plane.client_env(), "KUBECONFIG": str(KUBECONFIG)}
        return run(self._tools.path(program), *arguments, input=text, check=check, env=env)

    def _is_mine(self) -> bool:
        """Say whether the running cluster has our name; end with an error if it has another."""
        record = STATE_DIR / "cluster.json"
        if not record.exists():
            return False
        running = json.loads(record.read_text())["name"]
        if running != self.name:
            raise RuntimeError(f"cluster {running!r} runs on this machine, which has room for one: end it first")
        return True

    def _nodes_ready(self) -> dict[str, bool]:
        done = self.kubectl("get", "nodes", "--output", f"jsonpath={_READY}", check=False)
        pairs = dict(word.partition("=")[::2] for word in done.stdout.split())
        return {member.name: pairs.get(member.name) == "True" for member in NODES}

    def _last_sign(self, name: str) -> datetime:
        path = "jsonpath={.spec.renewTime}"
        done = self.kubectl("get", "lease", name, "--namespace=kube-node-lease", "--output", path, check=False)
        return datetime.fromisoformat(done.stdout or "1970-01-01T00:00:00Z")

    def _all_ready(self) -> bool:
        for daemon in all_daemons():
            daemon.require_alive()
        return all(self._nodes_ready().values())

    def _has_service_account(self) -> bool:
        # Without it a test's first pod would be refused.
        return self.kubectl("get", "serviceaccount", "default", check=False).returncode == 0


def _images(member: Node) -> tuple[ProgramImage, ...]:
    return (PAUSE, *addons.IMAGES) if member.workload == "system" else (PAUSE,)


def _boot(member: Node, archives: Sequence[Path]) -> None:
    node.start_containerd(member)
    for archive in archives:
        node.import_image(member, archive)
