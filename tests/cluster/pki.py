"""Certificates and kubeconfigs of the local cluster, made by openssl for each cluster."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.paths import KUBECONFIG, STATE_DIR
from tests.cluster.shell import run, write_atomically
from tests.cluster.topology import API_SERVER, API_SERVICE_ADDRESS, HOST_ADDRESS, LOOPBACK, NODES

PKI_DIR = STATE_DIR / "pki"
_DAYS = "3650"
_CONFIG = "[req]\ndistinguished_name = dn\n[dn]\n"
_SERVICE_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)


@dataclass(frozen=True)
class KeyPair:
    """A private key and its certificate, as files."""

    name: str

    @property
    def key(self) -> Path:
        """The private key's file."""
        return PKI_DIR / f"{self.name}.key"

    @property
    def certificate(self) -> Path:
        """The certificate's file."""
        return PKI_DIR / f"{self.name}.crt"


CA = KeyPair("ca")
FRONT_PROXY_CA = KeyPair("front-proxy-ca")
API_SERVER_PAIR = KeyPair("apiserver")
KUBELET_CLIENT = KeyPair("apiserver-kubelet-client")
FRONT_PROXY_CLIENT = KeyPair("front-proxy-client")
SERVICE_ACCOUNT_KEY = PKI_DIR / "service-accounts.key"


def kubeconfig_of(component: str) -> Path:
    """Return the kubeconfig of a component, such as `scheduler` or `kubelet-ml`."""
    return PKI_DIR / f"{component}.kubeconfig"


def kubelet_pair(node: str) -> KeyPair:
    """Return the key pair with which a kubelet serves and calls."""
    return KeyPair(f"kubelet-{node}")


def create() -> None:
    """Make all keys, certificates and kubeconfigs."""
    PKI_DIR.mkdir(parents=True, exist_ok=True)
    PKI_DIR.chmod(0o700)
    (PKI_DIR / "openssl.cnf").write_text(_CONFIG)
    _authority(CA, "silver-guardian")
    _authority(FRONT_PROXY_CA, "front-proxy")
    run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048",
        "-out", SERVICE_ACCOUNT_KEY)  # fmt: skip
    addresses = (API_SERVICE_ADDRESS, HOST_ADDRESS, LOOPBACK, "127.0.0.1")
    names = [f"DNS:{name}" for name in _SERVICE_NAMES] + [f"IP:{address}" for address in addresses]
    _certificate(API_SERVER_PAIR, "/CN=kube-apiserver", names=names)
    _certificate(KUBELET_CLIENT, "/O=system:masters/CN=kube-apiserver-kubelet-client")
    _certificate(FRONT_PROXY_CLIENT, "/CN=front-proxy-client", authority=FRONT_PROXY_CA)
    for component, user in (
        ("controller-manager", "system:kube-controller-manager"),
        ("scheduler", "system:kube-scheduler"),
        ("kube-proxy", "system:kube-proxy"),
    ):
        _certificate(KeyPair(component), f"/CN={user}")
        _kubeconfig(kubeconfig_of(component), KeyPair(component))
    for node in NODES:
        pair = kubelet_pair(node.name)
        subject = f"/O=system:nodes/CN=system:node:{node.name}"
        _certificate(pair, subject, names=[f"DNS:{node.name}", f"IP:{node.address}"])
        _kubeconfig(kubeconfig_of(pair.name), pair)
    admin = KeyPair("admin")
    _certificate(admin, "/O=system:masters/CN=kubernetes-admin")
    _kubeconfig(KUBECONFIG, admin)


def _authority(pair: KeyPair, name: str) -> None:
    # Python 3.13 verifies strictly: without a key usage it refuses the authority.
    _request(pair, f"/CN={name}", ["basicConstraints=critical,CA:TRUE",
                                   "keyUsage=critical,keyCertSign,cRLSign"])  # fmt: skip


def _certificate(pair: KeyPair, subject: str, *, authority: KeyPair = CA, names: list[str] | None = None) -> None:
    usages = "clientAuth,serverAuth" if names else "clientAuth"
    extensions = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature",
                  f"extendedKeyUsage={usages}"]  # fmt: skip
    if names:
        extensions.append(f"subjectAltName={','.join(names)}")
    _request(pair, subject, extensions, authority)


def _request(pair: KeyPair, subject: str, extensions: list[str], authority: KeyPair | None = None) -> None:
    command: list[str | Path] = [
        "openssl", "req", "-x509", "-config", PKI_DIR / "openssl.cnf", "-sha256", "-nodes", "-days", _DAYS,
        "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", subject,
        "-keyout", pair.key, "-out", pair.certificate,
    ]  # fmt: skip
    if authority is not None:
        command += ["-CA", authority.certificate, "-CAkey", authority.key]
    for extension in [*extensions, "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"]:
        command += ["-addext", extension]
    run(*command)


def _kubeconfig(target: Path, pair: KeyPair) -> None:
    def embedded(path: Path) -> str:
        return base64.b64encode(path.read_bytes()).decode()

    cluster = {"server": API_SERVER, "certificate-authority-data": embedded(CA.certificate)}
    user = {"client-certificate-data": embedded(pair.certificate), "client-key-data": embedded(pair.key)}
    context = {"cluster": "silver-guardian", "user": pair.name, "namespace": "default"}
    # Every JSON document is a YAML document, which is what the readers expect.
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "silver-guardian", "cluster": cluster}],
        "users": [{"name": pair.name, "user": user}],
        "contexts": [{"name": "silver-guardian", "context": context}],
        "current-context": "silver-guardian",
    }
    write_atomically(target, json.dumps(document, indent=2), mode=0o600)
