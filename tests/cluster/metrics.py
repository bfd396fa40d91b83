"""metrics-server: what pods and nodes use, for `kubectl top` and for scaling by CPU."""

from tests.cluster import manifests
from tests.cluster.builder import METRICS_SERVER, Tools
from tests.cluster.manifests import Manifest
from tests.cluster.program_images import ProgramImage

IMAGE = ProgramImage("localhost/silver-guardian/metrics-server:1", "metrics-server")


def release_url() -> str:
    """Return the address of upstream's own release of the pinned version."""
    version = METRICS_SERVER.version_of(METRICS_SERVER.upstream)
    return f"https://github.com/kubernetes-sigs/metrics-server/releases/download/v{version}/components.yaml"


def local_manifests(tools: Tools) -> list[Manifest]:
    """Return upstream's manifests with the image that was built here."""
    objects = adapted(tools.path(METRICS_SERVER.manifests).read_text())
    manifests.use_loaded_images(objects, {"metrics-server": IMAGE.name})
    return objects


def adapted(text: str) -> list[Manifest]:
    """Return upstream's manifests, for the system node and for kubelets that sign their certificates themselves."""
    objects = manifests.read(text)
    manifests.keep_on_system(objects)
    for container in manifests.containers(objects):
        manifests.set_argument(container, "--kubelet-insecure-tls")
        manifests.set_argument(container, "--kubelet-preferred-address-types", "InternalIP")
        # The shortest it allows, and longer than it waits for a kubelet.
        manifests.set_argument(container, "--metric-resolution", "10s")
        manifests.set_argument(container, "--kubelet-request-timeout", "5s")
    return objects
