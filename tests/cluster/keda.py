"""KEDA: scales Deployments by events, from zero and back."""

import json
from collections.abc import Sequence

from tests.cluster import manifests
from tests.cluster.builder import KEDA, Tools
from tests.cluster.interface import KEDA_NAMESPACE, Cluster
from tests.cluster.manifests import Manifest
from tests.cluster.program_images import ProgramImage
from tests.cluster.shell import WITH_PATIENCE, wait_until

IMAGES = {
    "keda-operator": ProgramImage(
        "localhost/silver-guardian/keda-operator:1", "keda-operator", path="/keda", certificates=True
    ),
    "keda-metrics-apiserver": ProgramImage(
        "localhost/silver-guardian/keda-adapter:1", "keda-adapter", certificates=True
    ),
    "keda-admission-webhooks": ProgramImage(
        "localhost/silver-guardian/keda-webhooks:1",
        "keda-webhooks",
        path="/keda-admission-webhooks",
        certificates=True,
    ),
}
"""Container → its image."""

_API_SERVICE = "apiservice/v1beta1.external.metrics.k8s.io"
_KINDS = ("scaledobjects", "scaledjobs", "triggerauthentications", "clustertriggerauthentications",
          "cloudeventsources.eventing", "clustercloudeventsources.eventing")  # fmt: skip
_PROBE = {
    "apiVersion": "keda.sh/v1alpha1",
    "kind": "ScaledObject",
    "metadata": {"name": "p" * 60, "namespace": KEDA_NAMESPACE},
    "spec": {
        "scaleTargetRef": {"name": "probe"},
        "triggers": [{"type": "external-push", "metadata": {"scalerAddress": "probe:1"}}],
    },
}
"""Its autoscaler's name would be too long: only the webhook refuses that."""


def release_url() -> str:
    """Return the address of upstream's own release of the pinned version."""
    version = KEDA.version_of(KEDA.upstream)
    return f"https://github.com/kedacore/keda/releases/download/v{version}/keda-{version}.yaml"


def local_manifests(tools: Tools) -> list[Manifest]:
    """Return upstream's manifests with the images that were built here."""
    objects = adapted(tools.path(KEDA.manifests).read_text())
    manifests.use_loaded_images(objects, {container: image.name for container, image in IMAGES.items()})
    return objects


def adapted(text: str) -> list[Manifest]:
    """Return upstream's manifests, for the system node and with informative logs."""
    objects = manifests.read(text)
    manifests.keep_on_system(objects)
    for container in manifests.containers(objects):
        manifests.set_argument(container, "--zap-log-level", "info")
        # There is one replica: after a restart it would wait 15 s for the lease of its predecessor.
        manifests.drop_argument(container, "--leader-elect")
    return objects


def install(cluster: Cluster, objects: Sequence[Manifest]) -> None:
    """Apply KEDA and wait until the operator, the webhooks and the external metrics work."""
    # From the server's side: the definitions are too large for the annotation of the client's.
    # With force: what a test changed with kubectl is set right again.
    options = ("--server-side", "--force-conflicts")
    cluster.kubectl("apply", *options, "--filename", "-", input=manifests.as_list(objects))
    _wait_for_deployments(cluster, objects)
    cluster.kubectl("wait", "--for=condition=Available", _API_SERVICE, WITH_PATIENCE)
    wait_until(lambda: _webhooks_answer(cluster), "KEDA's webhooks to answer", interval=0.5)
    # The operator starts once more when it has made the certificates of all three.
    _wait_for_deployments(cluster, objects)


def remove(cluster: Cluster, objects: Sequence[Manifest]) -> None:
    """Delete what KEDA looks after, then KEDA itself, its definitions, webhooks and the external metrics."""
    for kind in _existing_kinds(cluster):
        cluster.kubectl("delete", kind, "--all", "--all-namespaces", "--timeout=20s", check=False)
        _drop_finalizers(cluster, kind)
    # The API service before its server: a group without a server holds up the deletion of every namespace.
    first = {"APIService", "ValidatingWebhookConfiguration"}
    for part in ([one for one in objects if (one["kind"] in first) is early] for early in (True, False)):
        options = ("--ignore-not-found", WITH_PATIENCE)
        cluster.kubectl("delete", *options, "--filename", "-", input=manifests.as_list(part))


def _wait_for_deployments(cluster: Cluster, objects: Sequence[Manifest]) -> None:
    for deployment in manifests.deployments(objects):
        name = f"deployment/{deployment['metadata']['name']}"
        cluster.kubectl("rollout", "status", name, "--namespace", KEDA_NAMESPACE, WITH_PATIENCE)


def _webhooks_answer(cluster: Cluster) -> bool:
    # Its failure policy is Ignore: as long as it does not answer, everything is let through.
    reply = cluster.kubectl("create", "--dry-run=server", "--filename", "-", input=json.dumps(_PROBE), check=False)
    return "vscaledobject.kb.io" in reply.stderr and "denied the request" in reply.stderr


def _existing_kinds(cluster: Cluster) -> list[str]:
    served = cluster.kubectl("get", "customresourcedefinitions", "--output=name").stdout
    return [f"{kind}.keda.sh" for kind in _KINDS if f"/{kind}.keda.sh\n" in served]


def _drop_finalizers(cluster: Cluster, kind: str) -> None:
    """Let go of objects that an operator which does not run any more still holds."""
    listed = json.loads(cluster.kubectl("get", kind, "--all-namespaces", "--output=json").stdout)
    for item in listed["items"]:
        where = item["metadata"]
        scope = ("--namespace", where["namespace"]) if "namespace" in where else ()
        patch = ("--type=merge", '--patch={"metadata":{"finalizers":null}}')
        cluster.kubectl("patch", kind, where["name"], *scope, *patch, check=False)
