"""The examples on a real cluster: ``python -m tests.demo_cluster``.

Exit code 0: each request got the outcome that its manifest states. 1: one did not, or something failed on the way.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from analysis_operator.api import AnalysisRequest
from analysis_operator.cli.live import view
from analysis_operator.cli.table import unmet
from analysis_operator.errors import OperatorError
from analysis_operator.local.files import load, media_of, transcript_of
from analysis_operator.local.manifests import CheckedManifest
from guardian_service.s3 import split_uri
from tests.cluster import Cluster, S3Server, get_cluster
from tests.cluster.paths import repo_root
from tests.cluster.progress import Progress
from tests.support.media.samples import MediaError, make_samples
from tests.support.operator.deployment import TARGETS, Deployment, DeploymentError, install, s3_client

EXAMPLES = repo_root() / "crds" / "examples"
OUT = Path("out")
NAMESPACE = "default"

_FINISH_SECONDS = 300.0
_LOOK_SECONDS = 0.3


def main() -> int:
    """Run the demo and return the exit status."""
    console = Console(soft_wrap=True, highlight=False)
    try:
        return 0 if demo(console) else 1
    except KeyboardInterrupt:
        console.print("Interrupted. The cluster goes on running: make demo-cluster-down")
        return 130
    except (DeploymentError, MediaError, OperatorError, OSError, RuntimeError, subprocess.CalledProcessError) as error:
        console.print(f"{type(error).__name__}: {error}", style="red", markup=False)
        return 1


def demo(console: Console) -> bool:
    """Bring everything up, apply the examples and show them; return whether each had its outcome."""
    progress = Progress("demo", 6)
    manifests = load(EXAMPLES)
    progress.step("the cluster", "20 s, or 25 min where its programs are not built yet")
    cluster = get_cluster()
    progress.step("the images", "1 s if nothing changed, else up to 3 min")
    images = cluster.build_images(TARGETS)
    progress.step("S3 server and chart", "10 s")
    s3 = cluster.start_s3()
    deployment = install(cluster, s3, images=images)
    progress.step("sample media", "5 s")
    make_samples(OUT / "media")
    _upload(s3, manifests)
    progress.step(f"kubectl apply -f {EXAMPLES.relative_to(repo_root())}")
    requests = _finish(cluster, manifests, console)
    progress.step("collecting the reports")
    reports = collect(s3, requests, OUT / "cluster")
    _show(cluster, reports, console)
    console.print(f"\nKUBECONFIG={cluster.kubeconfig} kubectl get areq; pods are in namespace {deployment.namespace}")
    console.print("make demo-cluster-down removes all of it.")
    return _judge(manifests, requests, deployment, console)


def _upload(s3: S3Server, manifests: Sequence[CheckedManifest]) -> None:
    client = s3_client(s3)
    for manifest in manifests:
        uri = manifest.spec.source.uri
        path = media_of(uri, OUT / "media")
        for file, target in [(path, uri), *transcript_of(path, uri)]:
            bucket, key = split_uri(target)
            client.upload_file(str(file), bucket, key)


def _finish(cluster: Cluster, manifests: Sequence[CheckedManifest], console: Console) -> list[AnalysisRequest]:
    """Apply the manifests as new requests, and watch them until all are finished, or for as long as is sensible."""
    names = [manifest.metadata.name for manifest in manifests]
    cluster.kubectl("delete", "analysisrequests", *names, "--namespace", NAMESPACE, "--ignore-not-found")
    cluster.kubectl("apply", "--namespace", NAMESPACE, "--filename", str(EXAMPLES))
    deadline = time.monotonic() + _FINISH_SECONDS
    with view(console) as show:
        while True:
            requests = _requests(cluster, names)
            show(requests)
            if all(request.status.finished for request in requests) or time.monotonic() > deadline:
                return requests
            time.sleep(_LOOK_SECONDS)


def _requests(cluster: Cluster, names: Sequence[str]) -> list[AnalysisRequest]:
    done = cluster.kubectl("get", "analysisrequests", *names, "--namespace", NAMESPACE, "--output=json")
    return [AnalysisRequest.model_validate(item) for item in json.loads(done.stdout)["items"]]


def collect(s3: S3Server, requests: Sequence[AnalysisRequest], folder: Path) -> dict[str, Path]:
    """Download the reports; return them by the request's name."""
    client, reports = s3_client(s3), {}
    for request in requests:
        uri = request.status.report_uri
        if not uri:
            continue
        bucket, key = split_uri(uri)
        target = folder / f"{request.metadata.name}.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        client.download_file(bucket, key, str(target))
        reports[request.metadata.name] = target
    return reports


def _show(cluster: Cluster, reports: dict[str, Path], console: Console) -> None:
    console.print("\n$ kubectl get areq")
    console.print(cluster.kubectl("get", "areq", "--namespace", NAMESPACE).stdout, markup=False)
    console.print("Reports:" if reports else "There are no reports.")
    for name, path in reports.items():
        console.print(f"  {name}: {path}")


def _judge(
    manifests: Sequence[CheckedManifest], requests: Sequence[AnalysisRequest], deployment: Deployment, console: Console
) -> bool:
    by_name = {request.metadata.name: request for request in requests}
    problems = [
        f"{manifest.metadata.name}: {problem}"
        for manifest in manifests
        for problem in unmet(manifest.manifest, by_name[manifest.metadata.name])
    ]
    for problem in problems:
        console.print(problem, style="red", markup=False)
    if problems:
        console.print(deployment.diagnosis(), markup=False)
    else:
        console.print(f"\nEach of the {len(by_name)} requests got the outcome that its manifest states.", style="green")
    return not problems


if __name__ == "__main__":
    sys.exit(main())
