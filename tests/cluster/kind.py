"""The same interface over kind, through pytest-kind, where a Docker daemon answers."""

import contextlib
import importlib
import json
import os
import subprocess
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.cluster import keda, kind_config, manifests, metrics, s3
from tests.cluster.builder import MODULES, Tools, ensure_tools
from tests.cluster.interface import Cluster, ClusterStatus, S3Server, image_name, unique
from tests.cluster.paths import cache_dir, repo_root
from tests.cluster.progress import Progress
from tests.cluster.shell import run, wait_until, write_atomically


class KindCluster(Cluster):
    """A kind cluster of two containers."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._found: Tools | None = None
        self._cluster: Any = None

    @property
    def kubeconfig(self) -> Path:
        return self._folder / "kubeconfig"

    @property
    def host_address(self) -> str:
        done = run("docker", "network", "inspect", "kind", "--format", "{{json .IPAM.Config}}")
        gateways = [str(entry.get("Gateway", "")) for entry in json.loads(done.stdout)]
        return next(gateway for gateway in gateways if gateway and ":" not in gateway)

    @property
    def audit_log(self) -> Path:
        return self._folder / "audit" / "audit.log"

    @property
    def _folder(self) -> Path:
        return cache_dir() / "kind" / self.name

    @property
    def _tools(self) -> Tools:
        if self._found is None:
            modules = [module for module in MODULES if module.name == "versitygw"]
            self._found = ensure_tools(modules, debian=False)
        return self._found

    @property
    def _kind(self) -> Any:
        if self._cluster is None:
            # pytest-kind reads its versions from the environment when it is imported.
            os.environ.setdefault("KIND_VERSION", kind_config.KIND_VERSION)
            module = importlib.import_module("pytest_kind.cluster")
            self._folder.mkdir(parents=True, exist_ok=True)
            with contextlib.chdir(self._folder):  # it makes a folder where it stands
                self._cluster = module.KindCluster(
                    self.name,
                    kubeconfig=self.kubeconfig,
                    image=kind_config.NODE_IMAGE,
                    kind_path=cache_dir() / f"kind-{kind_config.KIND_VERSION}",
                    kubectl_path=self._tools.path("kubectl"),
                )
        return self._cluster

    def up(self) -> None:
        progress = Progress("kind cluster", 3)
        if self.status().healthy:
            progress.done(f"{self.name} runs and is healthy: {self.kubeconfig}")
            return
        progress.step("creating the containers", "1 min")
        self.down()
        config = kind_config.write(self._folder)
        self._kind.create(config_file=config)
        progress.step("waiting for the nodes")
        wait_until(lambda: self.status().healthy, "both nodes to be Ready", interval=1)
        progress.step("metrics-server")
        objects = metrics.adapted(_fetched(metrics.release_url()))
        self.kubectl("apply", "--server-side", "--filename", "-", input=manifests.as_list(objects))

    def down(self) -> None:
        s3.stop()
        if any(self._containers().values()):
            self._kind.delete()
            self.kubeconfig.unlink(missing_ok=True)

    def status(self) -> ClusterStatus:
        parts = {f"node {name}": state or "absent" for name, state in self._containers().items()}
        ready = 0
        if all(state == "running" for state in self._containers().values()):
            path = '{.items[*].status.conditions[?(@.type=="Ready")].status}'
            ready = self.kubectl("get", "nodes", f"--output=jsonpath={path}", check=False).stdout.count("True")
        return ClusterStatus(healthy=ready == len(parts), parts=parts)

    def build_images(self, targets: Sequence[str], *, tag: str = "dev") -> dict[str, str]:
        # Docker's layer cache and kind's own comparison know by themselves when nothing has changed.
        names = {target: image_name(target, tag) for target in unique(targets)}
        for target, name in names.items():
            self._build(repo_root(), repo_root() / "Dockerfile", name, "--target", target)
        return names

    def build_image(self, context_dir: Path, dockerfile: Path, name: str) -> str:
        full = name if "/" in name else f"localhost/{name}"
        self._build(context_dir, dockerfile, full)
        return full

    def image_size(self, name: str) -> int:
        return int(run("docker", "image", "inspect", "--format", "{{.Size}}", name).stdout)

    def start_s3(self) -> S3Server:
        return s3.start(self._tools, self.host_address, self._folder / "s3")

    def stop_s3(self) -> None:
        s3.stop()

    def install_keda(self) -> None:
        keda.install(self, keda.adapted(_fetched(keda.release_url())))

    def remove_keda(self) -> None:
        keda.remove(self, keda.adapted(_fetched(keda.release_url())))

    def stop_node(self, name: str) -> None:
        run("docker", "kill", self._container(name))

    def start_node(self, name: str) -> None:
        run("docker", "start", self._container(name))
        wait_until(lambda: self.status().healthy, f"node {name} to be Ready", interval=1)

    def signal_container(self, namespace: str, pod: str, signal: int, container: str | None = None) -> None:
        details = json.loads(self.kubectl("get", "pod", pod, "--namespace", namespace, "--output=json").stdout)
        statuses = details.get("status", {}).get("containerStatuses", [])
        chosen = next((one for one in statuses if container in {None, one["name"]}), None)
        if chosen is None or not chosen.get("containerID"):
            raise LookupError(f"pod {namespace}/{pod} has no running container {container or ''}".rstrip())
        host, identity = details["spec"]["nodeName"], chosen["containerID"].removeprefix("containerd://")
        inspected = run("docker", "exec", host, "crictl", "inspect", "--output", "json", identity)
        pid = str(json.loads(inspected.stdout)["info"]["pid"])
        run("docker", "exec", host, "kill", f"-{signal}", pid)

    def component_logs(self, name: str, lines: int = 200) -> str:
        if name.startswith(("kubelet-", "containerd-")):
            unit, _, where = name.partition("-")
            command = ("docker", "exec", self._container(where), "journalctl", "--unit", unit, f"--lines={lines}")
            return run(*command).stdout
        selector = ("--selector", f"component={name}", f"--tail={lines}")
        return self.kubectl("logs", "--namespace", "kube-system", *selector).stdout

    def _client(
        self, program: str, arguments: Sequence[str], *, text: str | None, check: bool
    ) -> subprocess.CompletedProcess[str]:
        env = {"KUBECONFIG": str(self.kubeconfig)}
        return run(self._tools.path(program), *arguments, input=text, check=check, env=env)

    def _build(self, context: Path, dockerfile: Path, name: str, *options: str) -> None:
        run("docker", "buildx", "build", "--load", "--tag", name, "--file", dockerfile, *options, context)
        self._kind.load_docker_image(name)

    def _container(self, node: str) -> str:
        return f"{self.name}-{kind_config.NODES[node]}"

    def _containers(self) -> dict[str, str]:
        """Return node → state of its container, empty where there is none."""
        states = {}
        for node in kind_config.NODES:
            inspected = run("docker", "inspect", "--format", "{{.State.Status}}", self._container(node), check=False)
            states[node] = inspected.stdout.strip() if inspected.returncode == 0 else ""
        return states


def _fetched(url: str) -> str:
    """Return upstream's release manifests, from the cache once they were fetched."""
    target = cache_dir() / "manifests" / "-".join(url.split("/")[-2:])
    if not target.exists():
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - our own addresses
            write_atomically(target, answer.read().decode())
    return target.read_text()
