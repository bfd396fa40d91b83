"""The operator as a process beside a bare API server, and analyzers that stand in it as pods."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.cluster.shell import wait_until
from tests.support.kubernetes.apiserver import ApiServer
from tests.support.ports import free_port
from tests.support.waiting import PATIENCE_SECONDS

NAMESPACE = "silver-guardian"
API = "silverguardian.io/v1alpha1"
_ANSWER_SECONDS = 60
"""A port on which nothing listens refuses at once; a server on a busy machine is given time."""


def _rule(groups: list[str], resources: list[str], verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": groups, "resources": resources, "verbs": verbs}


RULES = [
    _rule(["silverguardian.io"], ["analysisrequests"], ["get", "list", "watch", "create", "delete"]),
    _rule(["silverguardian.io"], ["analysisbatches"], ["get", "list", "watch", "delete"]),
    _rule(["silverguardian.io"], ["analysissubscriptions"], ["get", "list", "watch"]),
    _rule(
        ["silverguardian.io"],
        ["analysisrequests/status", "analysisbatches/status", "analysissubscriptions/status"],
        ["update"],
    ),
    _rule(["silverguardian.io"], ["analysiserasures"], ["list", "delete"]),
    _rule(["silverguardian.io"], ["analyzers"], ["get", "list", "watch"]),
    _rule(["silverguardian.io"], ["analyzers/status"], ["patch"]),
    _rule(["silverguardian.io"], ["analyzers/finalizers"], ["update"]),
    _rule([""], ["events"], ["create"]),
    _rule([""], ["pods"], ["get", "list", "watch"]),
    *(
        _rule([group], [resource], ["get", "list", "watch", "create", "patch"])
        for group, resource in (
            ("apps", "deployments"),
            ("", "services"),
            ("", "serviceaccounts"),
            ("policy", "poddisruptionbudgets"),
            ("networking.k8s.io", "networkpolicies"),
        )
    ),
    _rule(["coordination.k8s.io"], ["leases"], ["get", "create", "patch"]),
    _rule(["keda.sh"], ["scaledobjects"], ["list", "create", "patch", "delete"]),
]
"""What the chart's roles grant, in one; a test of the chart keeps them the same."""


def grant(server: ApiServer, rules: list[dict[str, Any]]) -> None:
    """Grant the operator exactly these rights."""
    meta = {"name": "operator"}
    subject = {"kind": "User", "name": "operator", "apiGroup": "rbac.authorization.k8s.io"}
    role = {"kind": "ClusterRole", "name": "operator", "apiGroup": "rbac.authorization.k8s.io"}
    server.apply(
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": meta, "rules": rules},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": meta,
            "subjects": [subject],
            "roleRef": role,
        },
    )


class OperatorProcess:
    """``python -m analysis_operator`` with settings; it can be killed and started again.

    `module` runs in its place, and `environment` is added to this process's.
    """

    def __init__(
        self,
        server: ApiServer,
        folder: Path,
        kubeconfig: Path | None = None,
        *,
        module: str = "analysis_operator",
        environment: dict[str, str] | None = None,
        **settings: object,
    ) -> None:
        self._server = server
        self._module = module
        self._log = folder / f"{settings.get('identity', 'operator')}.log"
        self.port = free_port()
        self.scaler_port = free_port()
        self._env = {
            **os.environ,
            "KUBECONFIG": str(kubeconfig or server.operator_kubeconfig),
            "GUARDIAN_HOST": "127.0.0.1",
            "GUARDIAN_PORT": str(self.port),
            "GUARDIAN_SCALER_PORT": str(self.scaler_port),
            "GUARDIAN_LIMITS": "{}",
            "GUARDIAN_GRANTS": json.dumps({"*": ["s3://media"]}),
            "GUARDIAN_RETRY_BASE_SECONDS": "0.1",
            "GUARDIAN_MISSING_ANALYZER_SECONDS": "1",
            **{f"GUARDIAN_{name.upper()}": str(value) for name, value in settings.items()},
            **(environment or {}),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it works."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "-m", self._module], env=self._env, stdout=log, stderr=log)
        wait_until(lambda: self.get("/readyz")[0] == 200, "the operator to be ready")

    def stop(self, signum: int = signal.SIGTERM) -> int:
        """Send it a signal and wait for its end. One that does not end is killed, and TimeoutExpired raised."""
        if self.process is None:
            return 0
        process, self.process = self.process, None
        process.send_signal(signum)
        try:
            return process.wait(PATIENCE_SECONDS)
        finally:
            process.kill()
            process.wait()

    def leads(self) -> bool:
        """Return whether it is the one of several that leads."""
        return "silver_guardian_leader 1.0" in self.get("/metrics")[1].splitlines()

    def get(self, path: str) -> tuple[int, str]:
        """Return the status and body of one of its pages; status 0 while it does not listen."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=_ANSWER_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def log(self) -> str:
        """Return all that it logged."""
        return self._log.read_text()


class Pods:
    """Scripted analyzers as local processes, each behind a pod object that says it is ready at its address."""

    def __init__(self, server: ApiServer, folder: Path, environment: dict[str, str]) -> None:
        self._server = server
        self._folder = folder
        self._environment = environment
        self._stack = ExitStack()
        self._addresses = iter(range(2, 250))
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._where: dict[str, str] = {}

    def __enter__(self) -> Pods:
        return self

    def __exit__(self, *_: object) -> None:
        for pod in list(self._processes):
            self.kill(pod)
        self._stack.close()

    def pool(self, analyzer: str, *, port: int, pods: int = 1, concurrency: int = 1) -> list[str]:
        """Make an Analyzer and so many pods of it."""
        spec = {"image": "scripted", "port": port, "concurrency": concurrency, "replicas": pods}
        meta = {"name": analyzer, "namespace": NAMESPACE}
        self._server.apply({"apiVersion": API, "kind": "Analyzer", "metadata": meta, "spec": spec})
        return [self.add(analyzer, f"{analyzer}-{n}", port, concurrency) for n in range(pods)]

    def add(
        self, analyzer: str, pod: str, port: int, concurrency: int = 1, *, ready: bool = True, node: str | None = None
    ) -> str:
        """Start one analyzer, and say that a pod of this name is it; whether it is ready is what the API will say."""
        host = f"127.0.0.{next(self._addresses)}"
        log = self._stack.enter_context((self._folder / f"{pod}.log").open("ab"))
        self._processes[pod] = subprocess.Popen(
            [sys.executable, "-m", "tests.support.scripted_analyzer"],
            env={
                **os.environ,
                **self._environment,
                "GUARDIAN_HOST": host,
                "GUARDIAN_PORT": str(port),
                "GUARDIAN_CONCURRENCY": str(concurrency),
                "GUARDIAN_PART": analyzer,
            },
            stdout=log,
            stderr=log,
        )
        self._where[pod] = f"{host}:{port}"
        wait_until(lambda: self.health(pod) is not None and self._ready(pod), f"{pod} to be warm")
        labels = {"silverguardian.io/analyzer": analyzer}
        container = {"name": "analyzer", "image": "scripted"}
        meta = {"name": pod, "namespace": NAMESPACE, "labels": labels}
        spec = {"containers": [container]} | ({"nodeName": node} if node else {})
        self._server.apply({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
        told = {"type": "Ready", "status": str(ready)}
        status = {"status": {"podIP": host, "podIPs": [{"ip": host}], "conditions": [told]}}
        patch = ("--subresource=status", "--type=merge", "-p", json.dumps(status))
        self._server.kubectl("patch", "pod", pod, "-n", NAMESPACE, *patch)
        return pod

    def addresses(self) -> list[str]:
        """Return where each of them is served."""
        return [self._where[pod] for pod in self._processes]

    def health(self, pod: str) -> dict[str, Any] | None:
        """Return the description of the analyzer, or None if it does not answer."""
        try:
            with urllib.request.urlopen(f"http://{self._where[pod]}/health", timeout=_ANSWER_SECONDS) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except OSError:
            return None

    def busy(self, pod: str) -> int | None:
        """Return how many analyses run in a pod; None if it does not answer."""
        health = self.health(pod)
        return None if health is None else int(health["busy"])

    def log(self) -> str:
        """Return what every pod has logged."""
        return "".join(path.read_text() for path in sorted(self._folder.glob("*.log")))

    def kill(self, pod: str, signum: int = signal.SIGKILL) -> None:
        """Kill an analyzer and delete its pod, as a node that vanishes does."""
        process = self._processes.pop(pod)
        process.send_signal(signum)
        process.wait(30)
        self._server.kubectl(
            "delete", "pod", pod, "-n", NAMESPACE, "--force", "--grace-period=0", "--ignore-not-found", check=False
        )

    def _ready(self, pod: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self._where[pod]}/readyz", timeout=_ANSWER_SECONDS) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def until(condition: Callable[[], object], what: str, timeout: float = PATIENCE_SECONDS) -> None:
    """Wait for a condition."""
    wait_until(lambda: bool(condition()), what, timeout=timeout)
