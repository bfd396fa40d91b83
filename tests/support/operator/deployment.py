"""The chart on a cluster, with the images built from this checkout: for the demo, the e2e tests and the benchmarks."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from analysis_operator.local.pool import OFFLINE
from tests.cluster import Cluster, S3Server
from tests.cluster.images import content_hash
from tests.cluster.paths import repo_root
from tests.cluster.shell import PATIENCE_SECONDS, WITH_PATIENCE
from tests.support.aws.s3 import client_of
from tests.support.kubernetes.reader import Reader, reader_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHART = repo_root() / "charts" / "silver-guardian"
RELEASE = "silver-guardian"
TARGETS = ("operator", "audio", "video", "context")
MEDIA_BUCKET = "media"
RESULTS_BUCKET = "results"
MISSING_BUCKET = "no-such-bucket"
"""Granted, too: what is not there is told apart from what is not allowed."""

_BUILD = "silverguardian.io/build"
_SECRET = "s3-credentials"
_HOPELESS = {"CrashLoopBackOff", "ErrImageNeverPull", "InvalidImageName", "CreateContainerConfigError"}

type Values = Mapping[str, Any]


class DeploymentError(Exception):
    """The chart was not installed or did not become ready; the message shows what the cluster says."""


@dataclass(frozen=True)
class Deployment:
    """An installed release."""

    cluster: Cluster
    s3: S3Server
    namespace: str

    @property
    def read(self) -> Reader:
        """Reads objects of the cluster."""
        return reader_of(self.cluster.kubeconfig)

    def leader(self) -> str:
        """Return the name of the operator's pod that leads, or an empty string."""
        lease = self.read.find("lease", RELEASE, self.namespace) or {}
        return str(lease.get("spec", {}).get("holderIdentity", ""))

    def operator_pod(self) -> str:
        """Return the name of the operator's pod that leads. Raises LookupError when none does."""
        if not (name := self.leader()):
            raise LookupError(f"no operator works in {self.namespace}")
        return name

    def operator_pods(self) -> list[str]:
        """Return the names of all the operator's running pods."""
        return self._pods("app.kubernetes.io/name=silver-guardian-operator")

    def analyzer_pods(self, name: str) -> list[str]:
        """Return the names of an Analyzer's running pods."""
        return self._pods(f"silverguardian.io/analyzer={name}")

    def logs(self, pod: str | None = None, *, lines: int = 500) -> str:
        """Return the end of a pod's log; of the operator's by default."""
        wanted = pod or self.operator_pod()
        return self.kubectl("logs", wanted, f"--tail={lines}", "--all-containers", check=False)

    def kubectl(self, *arguments: str, check: bool = True) -> str:
        """Run kubectl in the release's namespace and give what it says."""
        return self.cluster.kubectl("--namespace", self.namespace, *arguments, check=check).stdout

    def wait_until_ready(self) -> None:
        """Wait for the operator and for every Analyzer's pods. Raises DeploymentError."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while waiting := self._not_ready():
            broken = self._crashing()
            if broken or time.monotonic() > deadline:
                raise DeploymentError(f"{broken or waiting}\n{self.diagnosis()}")
            time.sleep(0.5)

    def diagnosis(self) -> str:
        """Return what helps to see why something does not start."""
        asked = (
            ("get", "analyzers,deployments,pods", "--output=wide"),
            ("get", "events", "--sort-by=.lastTimestamp", "--field-selector=type=Warning"),
            ("logs", "--selector=app.kubernetes.io/name=silver-guardian-operator", "--prefix", "--tail=40"),
        )
        return "\n".join(self.kubectl(*arguments, check=False) for arguments in asked)

    def uninstall(self) -> None:
        """Remove the release and its namespace. The CRDs stay, and with them every request."""
        self.cluster.helm("uninstall", RELEASE, "--namespace", self.namespace, "--ignore-not-found", "--wait")
        self.cluster.kubectl("delete", "namespace", self.namespace, "--ignore-not-found", WITH_PATIENCE)

    def _not_ready(self) -> str:
        asked: tuple[tuple[str, ...], ...] = (
            ("rollout", "status", f"deployment/{RELEASE}", "--timeout=1s"),
            ("wait", "--for=condition=Ready", "analyzers", "--all", "--timeout=1s"),
        )
        if not self.kubectl("get", "analyzers", "--output=name"):
            asked = asked[:1]
        for arguments in asked:
            done = self.cluster.kubectl("--namespace", self.namespace, *arguments, check=False)
            if done.returncode != 0:
                return (done.stderr or done.stdout).strip()
        return ""

    def _crashing(self) -> str:
        """Name the first pod that keeps ending: waiting for it is in vain."""
        for pod in self.read.list("pod", self.namespace):
            for status in pod.get("status", {}).get("containerStatuses", []):
                reason = status["state"].get("waiting", {}).get("reason", "")
                if reason in _HOPELESS and (status["restartCount"] > 1 or reason != "CrashLoopBackOff"):
                    return f"{pod['metadata']['name']}: {reason} after {status['restartCount']} restarts"
        return ""

    def _pods(self, selector: str) -> list[str]:
        pods = self.read.list("pod", self.namespace, labels=selector)
        return sorted(pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"])


def install(
    cluster: Cluster,
    s3: S3Server,
    *,
    namespace: str = RELEASE,
    values: Values | None = None,
    images: Mapping[str, str] | None = None,
    wait: bool = True,
) -> Deployment:
    """Install the chart, or bring what is installed up to date, and wait until it works; KEDA comes before it.

    Args:
        cluster: where.
        s3: the S3 server that pods use; the buckets for media and results are made there.
        namespace: of the release; Pod Security `restricted` is enforced in it.
        values: on top of those that images and S3 need.
        images: target → image name as `build_images` gives them; they are built unless given.
        wait: whether to wait until the operator and the Analyzers are ready.

    Raises:
        DeploymentError: it did not become ready.
    """
    names = images or cluster.build_images(TARGETS)
    cluster.install_keda()
    make_buckets(s3, (MEDIA_BUCKET, RESULTS_BUCKET))
    _prepare_namespace(cluster, namespace, s3)
    apply_crds(cluster)
    deployment, build = Deployment(cluster, s3, namespace), content_hash(repo_root())[:16]
    before = _installed_build(deployment)
    _helm(deployment, _merged(_base_values(s3, names, build), values or {}))
    if before not in {"", build}:
        # The images have the same names as before, so nothing else tells the pools that there are newer ones.
        deployment.kubectl("rollout", "restart", "deployment", "--selector=silverguardian.io/analyzer")
        deployment.kubectl("rollout", "status", "deployment", "--selector=silverguardian.io/analyzer")
    if wait:
        deployment.wait_until_ready()
    return deployment


def make_analyzer(deployment: Deployment, name: str, *, env: Mapping[str, str] | None = None, **spec: Any) -> None:
    """Make an Analyzer that is as the chart's audio one but for what is given, and wait until it is ready.

    It is scaled by KEDA unless given `replicas`; `env` comes on top of what the other has.
    """
    audio = json.loads(deployment.kubectl("get", "analyzer", "audio", "--output=json"))
    given = {entry["name"]: entry for entry in audio["spec"]["env"]}
    given |= {key: {"name": key, "value": value} for key, value in (env or {}).items()}
    wanted = {
        **{key: value for key, value in audio["spec"].items() if key != "replicas"},
        "env": list(given.values()),
        **spec,
    }
    meta = {"name": name, "namespace": deployment.namespace}
    manifest = {"apiVersion": audio["apiVersion"], "kind": "Analyzer", "metadata": meta, "spec": wanted}
    deployment.cluster.kubectl("apply", "--validate=false", "--filename=-", input=json.dumps(manifest))
    deployment.kubectl("wait", "--for=condition=Ready", f"analyzer/{name}", WITH_PATIENCE)


def apply_crds(cluster: Cluster) -> None:
    """Bring the definitions up to date; Helm only installs them."""
    # Under Helm's own name: it would take offence, at a later install, at fields that are somebody else's.
    by = ("--server-side", "--force-conflicts", "--field-manager=helm")
    cluster.kubectl("apply", *by, f"--filename={CHART / 'crds'}")
    plurals = ("analysisbatches", "analysiserasures", "analysisrequests", "analysissubscriptions", "analyzers")
    names = tuple(f"crd/{plural}.silverguardian.io" for plural in plurals)
    cluster.kubectl("wait", "--for=condition=Established", *names, WITH_PATIENCE)


def s3_client(s3: S3Server) -> S3Client:
    """Return a client with the rights of the server's owner."""
    return client_of(s3.endpoint_url, s3.access_key, s3.secret_key, s3.region)


def make_buckets(s3: S3Server, names: Iterable[str]) -> None:
    """Make buckets that are not there yet."""
    client = s3_client(s3)
    for name in names:
        try:
            client.create_bucket(Bucket=name)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                raise


def _prepare_namespace(cluster: Cluster, namespace: str, s3: S3Server) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    keys = {"access-key-id": s3.access_key, "secret-access-key": s3.secret_key}
    manifests = (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": _SECRET, "namespace": namespace},
            "stringData": keys,
        },
    )
    text = "\n---\n".join(json.dumps(manifest) for manifest in manifests)
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "--filename=-", input=text)


def _base_values(s3: S3Server, images: Mapping[str, str], build: str) -> dict[str, Any]:
    def image(target: str) -> dict[str, str]:
        repository, _, tag = images[target].rpartition(":")
        # Nothing of that name can be pulled: the images were loaded into the nodes.
        return {"repository": repository, "tag": tag, "pullPolicy": "Never"}

    return {
        "operator": {
            "image": image("operator"),
            "resultsURI": f"s3://{RESULTS_BUCKET}",
            "grants": {"*": [f"s3://{MEDIA_BUCKET}", f"s3://{MISSING_BUCKET}"]},
            "limits": {"*": {"analyzers": ["*"]}},
            "cachedSeconds": 0,  # tests ask about the same objects again and again, to see work
            "nodeSelector": {"workload": "system"},
            "podAnnotations": {_BUILD: build},
        },
        "s3": {"region": s3.region, "endpointURL": s3.endpoint_url, "credentialsSecret": {"name": _SECRET}},
        "analyzers": {
            **{name: {"image": image(name)} for name in ("audio", "video")},
            "context": {"enabled": True, "image": image("context"), "env": OFFLINE},
        },
    }


def _merged(base: dict[str, Any], more: Values) -> dict[str, Any]:
    result = dict(base)
    for key, value in more.items():
        known = result.get(key)
        result[key] = _merged(known, value) if isinstance(known, dict) and isinstance(value, Mapping) else value
    return result


def _installed_build(deployment: Deployment) -> str:
    path = f"jsonpath={{.spec.template.metadata.annotations['{_BUILD.replace('.', '\\.')}']}}"
    return deployment.kubectl("get", "deployment", RELEASE, "--ignore-not-found", "--output", path)


def _helm(deployment: Deployment, values: Values) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "values.json"
        file.write_text(json.dumps(values))
        deployment.cluster.helm(
            "upgrade", "--install", RELEASE, str(CHART),
            "--namespace", deployment.namespace, "--values", str(file), "--force-conflicts",
        )  # fmt: skip
