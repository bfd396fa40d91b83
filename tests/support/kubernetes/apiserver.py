"""A real API server, etcd and nothing else: what the operator's integration tests need. Up in a few seconds."""

from __future__ import annotations

import json
import ssl
import subprocess
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.builder import ensure_tools
from tests.cluster.control_plane import AUDIT_POLICY
from tests.cluster.shell import command_env, run, wait_until, whole_lines
from tests.support.kubernetes.reader import reader_of
from tests.support.ports import free_port

TOKEN = "integration-tests"  # it opens nothing but a server on this loopback
OPERATOR_TOKEN = "integration-tests-operator"
PIPELINE_TOKEN = "integration-tests-pipeline"
PIPELINE_GROUP = "silver-guardian:pipeline"


class ApiServer:
    """One API server over one etcd, in a folder of its own; use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kubeconfig = folder / "kubeconfig"
        self.operator_kubeconfig = folder / "operator.kubeconfig"
        self.port = free_port()
        self._stack = ExitStack()

    def __enter__(self) -> ApiServer:
        tools = ensure_tools()
        self.kubectl_path = str(tools.path("kubectl"))
        etcd_port, peer_port = free_port(), free_port()
        self.etcd_endpoint = f"http://127.0.0.1:{etcd_port}"
        self._etcd_command = [
            str(tools.path("etcd")), "--data-dir", str(self.folder / "etcd"), "--unsafe-no-fsync",
            "--listen-client-urls", self.etcd_endpoint, "--advertise-client-urls", self.etcd_endpoint,
            "--listen-peer-urls", f"http://127.0.0.1:{peer_port}",
            "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer_port}",
            "--initial-cluster", f"default=http://127.0.0.1:{peer_port}",
        ]  # fmt: skip
        key = self.folder / "service-accounts.key"
        run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key)
        tokens = self.folder / "tokens.csv"
        tokens.write_text(
            f'{TOKEN},admin,admin,"system:masters"\n{OPERATOR_TOKEN},operator,operator,\n'
            f'{PIPELINE_TOKEN},pipeline,pipeline,"{PIPELINE_GROUP}"\n'
        )
        policy = self.folder / "audit-policy.json"
        policy.write_text(json.dumps(AUDIT_POLICY))
        self.audit_log = self.folder / "audit.log"
        self._command = [
            str(tools.path("kube-apiserver")), f"--etcd-servers={self.etcd_endpoint}",
            "--bind-address=127.0.0.1", f"--secure-port={self.port}", f"--cert-dir={self.folder / 'certs'}",
            "--service-cluster-ip-range=10.0.0.0/24", "--authorization-mode=RBAC",
            f"--token-auth-file={tokens}",
            f"--audit-policy-file={policy}", f"--audit-log-path={self.audit_log}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
            "--disable-admission-plugins=ServiceAccount",
        ]  # fmt: skip
        self._write_kubeconfig(self.kubeconfig, TOKEN)
        self._write_kubeconfig(self.operator_kubeconfig, OPERATOR_TOKEN)
        self.read = reader_of(self.kubeconfig)
        self._spawn("etcd", self._etcd_command)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self) -> None:
        """Start the API server, again after :meth:`stop`, and wait until it is ready."""
        self._server = self._spawn("kube-apiserver", self._command)
        wait_until(self._ready, "the API server to be ready")

    def stop(self) -> None:
        """Kill the API server; etcd keeps what it knows."""
        self._server.kill()
        self._server.wait()

    @property
    def endpoint(self) -> str:
        """Its URL."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> bytes:
        """The certificate that it shows and has signed itself, as PEM."""
        return (self.folder / "certs" / "apiserver.crt").read_bytes()

    def kubectl(
        self, *arguments: str, stdin: str | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl as an administrator."""
        return run(self.kubectl_path, "--kubeconfig", self.kubeconfig, *arguments, input=stdin, check=check)

    def apply(self, *manifests: dict[str, Any]) -> None:
        """Apply manifests that are right: to check one, kubectl would read the definitions of every kind."""
        self.kubectl("apply", "--validate=false", "-f", "-", stdin=yaml.safe_dump_all(manifests))

    def writes(self, user: str, name: str) -> list[str]:
        """Return the verbs and resources of what a user wrote about objects of this name, or their events."""
        writes = []
        for line in whole_lines(self.audit_log):
            entry = json.loads(line)
            about = entry.get("objectRef", {})
            if entry["user"]["username"] == user and str(about.get("name", "")).split(".")[0] == name:
                writes.append(f"{entry['verb']} {about['resource']}/{about.get('subresource', '')}".rstrip("/"))
        return writes

    def _spawn(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        log = self._stack.enter_context((self.folder / f"{name}.log").open("ab"))
        process = subprocess.Popen(command, stdout=log, stderr=log, env=command_env())
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process

    def _ready(self) -> bool:
        if self._server.poll() is not None:
            raise RuntimeError((self.folder / "kube-apiserver.log").read_text()[-2000:])
        context = ssl._create_unverified_context()  # noqa: S323 - it signs for itself, on loopback
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}/readyz", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        try:
            with urllib.request.urlopen(request, context=context, timeout=2) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            return False

    def _write_kubeconfig(self, target: Path, token: str) -> None:
        cluster = {"server": self.endpoint, "insecure-skip-tls-verify": True}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
            "current-context": "test",
        }
        target.write_text(yaml.safe_dump(config))
