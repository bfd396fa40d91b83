"""etcd, the API server, the controller manager, the scheduler and kube-proxy."""

import json
import ssl
import urllib.error
import urllib.request

from tests.cluster import pki
from tests.cluster.builder import Tools
from tests.cluster.daemon import Daemon
from tests.cluster.paths import AUDIT_LOG, STATE_DIR
from tests.cluster.shell import command_env, wait_until
from tests.cluster.topology import (
    API_SERVER,
    ETCD,
    HOST_ADDRESS,
    LOOPBACK,
    NODES,
    POD_RANGE,
    SERVICE_RANGE,
)

_AUDIT_POLICY_FILE = STATE_DIR / "audit" / "policy.json"
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "Metadata", "verbs": ["create", "update", "patch", "delete", "deletecollection"]},
        {"level": "None"},
    ],
}
"""Who wrote which object, and nothing about reads."""

NODE_GRACE_SECONDS = 20
"""How long a node may be silent until it is not Ready (Kubernetes: 50). Its kubelet speaks four times in it."""

CONTROLLER_PACE = {
    # From one pod to many within a test's patience.
    "horizontal-pod-autoscaler-sync-period": "5s",
    "node-monitor-grace-period": f"{NODE_GRACE_SECONDS}s",
    "node-monitor-period": "2s",
}
"""Arguments of the controller manager: what tests wait for comes sooner than in production."""


def etcd(tools: Tools) -> Daemon:
    """Return the store, without waiting for the disk: what it holds need not survive the machine."""
    return Daemon("etcd", (
        str(tools.path("etcd")), "--name", "silver-guardian",
        "--data-dir", str(STATE_DIR / "etcd"), "--unsafe-no-fsync",
        "--listen-client-urls", ETCD, "--advertise-client-urls", ETCD,
        "--listen-peer-urls", f"http://{LOOPBACK}:2380",
        "--initial-advertise-peer-urls", f"http://{LOOPBACK}:2380",
        "--initial-cluster", f"silver-guardian=http://{LOOPBACK}:2380",
        "--quota-backend-bytes", str(4 * 1024**3), "--auto-compaction-retention", "5m",
    ))  # fmt: skip


def api_server(tools: Tools) -> Daemon:
    """Return the API server, with RBAC, aggregation and an audit log of every write."""
    front, kubelet, own = pki.FRONT_PROXY_CLIENT, pki.KUBELET_CLIENT, pki.API_SERVER_PAIR
    return Daemon("kube-apiserver", (
        str(tools.path("kube-apiserver")),
        f"--etcd-servers={ETCD}",
        f"--bind-address={HOST_ADDRESS}", f"--advertise-address={HOST_ADDRESS}", "--secure-port=6443",
        f"--cert-dir={STATE_DIR / 'apiserver'}",
        f"--tls-cert-file={own.certificate}", f"--tls-private-key-file={own.key}",
        f"--client-ca-file={pki.CA.certificate}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki.SERVICE_ACCOUNT_KEY}",
        f"--service-account-signing-key-file={pki.SERVICE_ACCOUNT_KEY}",
        f"--kubelet-certificate-authority={pki.CA.certificate}",
        f"--kubelet-client-certificate={kubelet.certificate}", f"--kubelet-client-key={kubelet.key}",
        "--kubelet-preferred-address-types=InternalIP",
        # Aggregation, for the metrics API servers that come with autoscaling.
        f"--requestheader-client-ca-file={pki.FRONT_PROXY_CA.certificate}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={front.certificate}", f"--proxy-client-key-file={front.key}",
        "--enable-aggregator-routing=true",
        f"--audit-policy-file={_AUDIT_POLICY_FILE}", f"--audit-log-path={AUDIT_LOG}",
        "--profiling=false",
    ))  # fmt: skip


def controller_manager(tools: Tools) -> Daemon:
    """Return the controller manager with all controllers, the garbage collector among them."""
    config = pki.kubeconfig_of("controller-manager")
    return Daemon("kube-controller-manager", (
        str(tools.path("kube-controller-manager")),
        f"--kubeconfig={config}", f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        f"--bind-address={LOOPBACK}", f"--cert-dir={STATE_DIR / 'controller-manager'}",
        "--controllers=*", "--leader-elect=false", "--use-service-account-credentials=true",
        f"--service-account-private-key-file={pki.SERVICE_ACCOUNT_KEY}",
        f"--root-ca-file={pki.CA.certificate}",
        f"--cluster-signing-cert-file={pki.CA.certificate}", f"--cluster-signing-key-file={pki.CA.key}",
        *(f"--{name}={value}" for name, value in CONTROLLER_PACE.items()),
    ))  # fmt: skip


def scheduler(tools: Tools) -> Daemon:
    """Return the scheduler."""
    config = pki.kubeconfig_of("scheduler")
    return Daemon("kube-scheduler", (
        str(tools.path("kube-scheduler")),
        f"--kubeconfig={config}", f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        f"--bind-address={LOOPBACK}", f"--cert-dir={STATE_DIR / 'scheduler'}", "--leader-elect=false",
    ))  # fmt: skip


def proxy(tools: Tools) -> Daemon:
    """Return kube-proxy: one for both nodes, since they share the host's network."""
    return Daemon("kube-proxy", (
        str(tools.path("kube-proxy")),
        f"--kubeconfig={pki.kubeconfig_of('kube-proxy')}", f"--hostname-override={NODES[0].name}",
        "--proxy-mode=nftables", f"--cluster-cidr={POD_RANGE}",
        f"--healthz-bind-address={LOOPBACK}:10256", f"--metrics-bind-address={LOOPBACK}:10249",
        # The machine's connection tracking limits are not ours to change.
        "--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0s",
        "--conntrack-tcp-timeout-close-wait=0s",
    ))  # fmt: skip


def is_ready(timeout: float = 2.0) -> bool:
    """Say whether the API server answers that it is ready."""
    if not pki.CA.certificate.exists():
        return False
    context = ssl.create_default_context(cafile=str(pki.CA.certificate))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(f"{API_SERVER}/readyz", timeout=timeout) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def start_api(tools: Tools) -> None:
    """Start etcd and the API server, and wait until it is ready."""
    _AUDIT_POLICY_FILE.parent.mkdir(parents=True, exist_ok=True)
    _AUDIT_POLICY_FILE.write_text(json.dumps(AUDIT_POLICY))
    etcd(tools).start()
    server = api_server(tools)
    server.start()

    def ready() -> bool:
        server.require_alive()
        return is_ready()

    wait_until(ready, "the API server to be ready")


def client_env() -> dict[str, str]:
    """Return the environment for clients: never through a proxy to addresses of this machine."""
    env = command_env()
    bypass = ",".join(filter(None, [env.get("NO_PROXY"), HOST_ADDRESS, "127.0.0.1", "localhost"]))
    return {**env, "NO_PROXY": bypass, "no_proxy": bypass}
