"""What demo, tests and benchmarks may ask of a cluster, whichever kind of cluster it is."""

import abc
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

IMAGE_PREFIX = "localhost/silver-guardian"
"""The project's images are named PREFIX/TARGET:TAG; nothing of that name can be pulled from anywhere."""


KEDA_NAMESPACE = "keda"


@dataclass(frozen=True)
class S3User:
    """Somebody with a key to the S3 server."""

    access_key: str
    secret_key: str


@dataclass(frozen=True)
class S3Server:
    """A running S3 server, under one address for the host and for pods."""

    endpoint_url: str
    access_key: str
    secret_key: str
    region: str
    directory: Path
    admin: Path

    def add_user(self, access_key: str, secret_key: str) -> S3User:
        """Add somebody without rights to any bucket; bucket policies can grant some."""
        from tests.cluster import s3

        user = S3User(access_key, secret_key)
        s3.add_user(self, user)
        return user

    def remove_user(self, access_key: str) -> None:
        """Remove somebody again."""
        from tests.cluster import s3

        s3.remove_user(self, access_key)


@dataclass(frozen=True)
class ClusterStatus:
    """Whether a cluster is usable, and what each part of it does."""

    healthy: bool
    parts: dict[str, str]


class Cluster(abc.ABC):
    """A Kubernetes cluster of two nodes: `system`, and `ml` with the taint workload=ml:NoSchedule."""

    name: str

    @property
    @abc.abstractmethod
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""

    @property
    @abc.abstractmethod
    def host_address(self) -> str:
        """The address under which pods reach servers on the host; the host can listen on it."""

    @property
    @abc.abstractmethod
    def audit_log(self) -> Path:
        """The API server's log of every write: one JSON document a line, without bodies."""

    @abc.abstractmethod
    def up(self) -> None:
        """Start the cluster, or do nothing if it runs and is healthy."""

    @abc.abstractmethod
    def down(self) -> None:
        """Remove the cluster and all it left on the machine; safe when there is none."""

    @abc.abstractmethod
    def status(self) -> ClusterStatus:
        """Say whether it runs, and what each part does."""

    def kubectl(
        self,
        *arguments: str,
        input: str | None = None,  # noqa: A002
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl as the administrator; `input` becomes its standard input."""
        return self._client("kubectl", arguments, text=input, check=check)

    def helm(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run helm as the administrator."""
        return self._client("helm", arguments, text=None, check=check)

    @abc.abstractmethod
    def _client(
        self, program: str, arguments: Sequence[str], *, text: str | None, check: bool
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the clients with the administrator's rights."""

    @abc.abstractmethod
    def build_images(self, targets: Sequence[str], *, tag: str = "dev") -> dict[str, str]:
        """Build targets of the root Dockerfile, load them into every node, return target → image name.

        What was built from the same files and is loaded already is left alone.
        """

    @abc.abstractmethod
    def build_image(self, context_dir: Path, dockerfile: Path, name: str) -> str:
        """Build another image, load it into every node, and return its name."""

    @abc.abstractmethod
    def image_size(self, name: str) -> int:
        """Return an image's uncompressed size in bytes."""

    @abc.abstractmethod
    def start_s3(self) -> S3Server:
        """Start the S3 server, or return the one that runs. It ends with the cluster."""

    @abc.abstractmethod
    def stop_s3(self) -> None:
        """Stop the S3 server; what it holds stays, and start_s3 serves it again."""

    @abc.abstractmethod
    def install_keda(self) -> None:
        """Install KEDA on the system node and wait until it works; what is there already stays.

        Its operator, its webhooks and the external metrics API answer when this returns.
        """

    @abc.abstractmethod
    def remove_keda(self) -> None:
        """Remove KEDA with its definitions and every object of theirs; safe when it is not there."""

    @abc.abstractmethod
    def stop_node(self, name: str) -> None:
        """End a node as a power cut does."""

    @abc.abstractmethod
    def start_node(self, name: str) -> None:
        """Start a node again and wait until it is Ready and the name service answers."""

    @abc.abstractmethod
    def signal_container(self, namespace: str, pod: str, signal: int, container: str | None = None) -> None:
        """Send a signal to a container's main process from outside, so that SIGKILL works too."""

    @abc.abstractmethod
    def component_logs(self, name: str, lines: int = 200) -> str:
        """Return the end of a component's log, such as `kube-apiserver` or `kubelet-ml`."""


def image_name(target: str, tag: str) -> str:
    """Return the full name of one of the project's images."""
    return f"{IMAGE_PREFIX}/{target}:{tag}"


def unique(names: Iterable[str]) -> list[str]:
    """Return names without repetitions, in order."""
    return list(dict.fromkeys(names))
