"""Takes every figure in one run: ``python -m tests.benchmarks [PART …]``, see PARTS; ``reference`` needs no cluster."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import burst, coldstart, overhead, reference
from tests.benchmarks.client import REQUESTS, Client
from tests.benchmarks.memory import MEGABYTE, import_seconds, megabytes, operator_megabytes
from tests.cluster import get_cluster
from tests.cluster.shell import WITH_PATIENCE
from tests.support.kubernetes.images import build_scripted
from tests.support.media.samples import make_samples
from tests.support.operator.deployment import MEDIA_BUCKET, TARGETS, Deployment, install, make_analyzer, s3_client
from tests.support.operator.scripted_pools import ScriptedPools

NAMESPACE = "benchmarks"
PARTS = ("reference", "memory", "overhead", "cold", "burst", "queued")


def _announce(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


async def _measure(parts: list[str], deployment: Deployment, image: str) -> dict[str, object]:
    cluster = deployment.cluster
    client = await Client.connect(cluster.kubeconfig)
    await client.api.call("GET", REQUESTS.format(namespace=NAMESPACE))
    figures: dict[str, object] = {}
    try:
        if "memory" in parts:
            figures |= {
                "operator_idle_mb": round(operator_megabytes(), 1),
                "audio_idle_mb": round(megabytes("audio_analyzer"), 1),
                "video_idle_mb": round(megabytes("video_analyzer"), 1),
                **_images(deployment),
            }
        if "overhead" in parts:
            _announce("overhead: 60 null analyses one at a time, and a Job now and then")
            figures |= await overhead.measure(client, "null", image, NAMESPACE)
            user = f"system:serviceaccount:{deployment.namespace}:{_service_account(deployment)}"
            figures["api_writes_per_request"] = overhead.writes(cluster.audit_log.read_text(), user, "overhead-9")
        if "cold" in parts:
            _announce("cold: six times from an empty pool, and six times a Job that does the same")
            figures |= await coldstart.measure(client, deployment, "cold", _recording(deployment), NAMESPACE)
        if "burst" in parts:
            _announce("burst: 500 requests at once")
            figures |= await burst.at_once(client, "null", NAMESPACE)
        if "queued" in parts:
            _announce("queued: 5,000 requests wait while the operator starts")
            figures |= await burst.queued(client, deployment, "null", NAMESPACE)
    finally:
        await client.close()
    return figures


def _images(deployment: Deployment) -> dict[str, object]:
    names = deployment.cluster.build_images(TARGETS)
    pods = {name: deployment.analyzer_pods(name)[0] for name in ("audio", "video")}
    # An analyzer's own entry point imports next to nothing: its service comes after its child has been started.
    service = "analyzer_kit.http_server"
    modules = {"operator": "analysis_operator.__main__", "audio": service, "video": service}
    figures: dict[str, object] = {}
    for target, module in modules.items():
        pod = pods.get(target) or deployment.operator_pod()
        figures[f"{target}_image_mb"] = round(deployment.cluster.image_size(names[target]) / MEGABYTE)
        figures[f"{target}_import_seconds"] = round(import_seconds(deployment, pod, module), 2)
    return figures


def _recording(deployment: Deployment) -> str:
    """Upload the sample of synthetic speech, and return its URI."""
    with tempfile.TemporaryDirectory() as folder:
        path = make_samples(Path(folder))["synthetic.wav"]
        s3_client(deployment.s3).upload_file(str(path), MEDIA_BUCKET, path.name)
    return f"s3://{MEDIA_BUCKET}/synthetic.wav"


def _service_account(deployment: Deployment) -> str:
    path = "jsonpath={.spec.template.spec.serviceAccountName}"
    return deployment.kubectl("get", "deployment", "silver-guardian", "-o", path)


def _on_a_cluster(parts: list[str]) -> dict[str, object]:
    """Install, measure, and leave the cluster running."""
    cluster = get_cluster()
    _announce("installing the chart")
    # Warm pools, but for the part that measures how one wakes.
    warm = {"operator": {"replicas": 1}, "analyzers": {name: {"replicas": 1} for name in ("audio", "video")}}
    deployment = install(cluster, cluster.start_s3(), values=warm)
    ScriptedPools(deployment).make("null", env={"GUARDIAN_NULL": "1"}, replicas=2, concurrency=16)
    if "cold" in parts:
        make_analyzer(deployment, "cold", scaling={"cooldownSeconds": 5})  # it falls asleep at once
    cluster.kubectl("create", "namespace", NAMESPACE, check=False)
    try:
        return asyncio.run(_measure(parts, deployment, build_scripted(cluster)))
    finally:
        cluster.kubectl("delete", "namespace", NAMESPACE, WITH_PATIENCE, check=False)


def main() -> None:
    """Measure, and print JSON."""
    parts = sys.argv[1:] or list(PARTS)
    figures: dict[str, object] = {}
    if "reference" in parts:  # before the cluster takes its share of the cores
        _announce("reference: 30 seconds of sound and picture, five times, and two hours")
        figures |= reference.measure()
    if set(parts) - {"reference"}:
        figures |= _on_a_cluster(parts)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
