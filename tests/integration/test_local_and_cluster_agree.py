"""What the in-memory API server accepts, refuses and prints, a real one does too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from analysis_operator.api import AnalysisRequest
from analysis_operator.cli.table import render_table
from analysis_operator.local.files import load
from analysis_operator.local.manifests import InvalidManifest
from analysis_operator.local.memory_store import MemoryRequests
from tests.support.kubernetes.apiserver import ApiServer

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with ApiServer(tmp_path_factory.mktemp("apiserver")) as started:
        started.kubectl("apply", "-f", str(ROOT / "crds" / "analysisrequests.yaml"))
        started.kubectl("wait", "--for=condition=Established", "crd/analysisrequests.silverguardian.io")
        yield started


def manifest(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "silverguardian.io/v1alpha1",
        "kind": "AnalysisRequest",
        "metadata": {"name": "call"},
        "spec": {"source": {"uri": "s3://media/call.wav"}, **spec},
    }


STEPS: list[tuple[str, dict[str, Any]]] = [
    ("no source", manifest(source={})),
    ("no URI of S3", manifest(source={"uri": "https://example.org/a"})),
    ("unknown field", manifest(sauce="x")),
    ("unknown field within", manifest(source={"uri": "s3://media/call.wav", "version": "1"})),
    ("a string for a number", manifest(priority="5")),
    ("a fraction for a number", manifest(priority=1.5)),
    ("under its bound", manifest(maxAttempts=0)),
    ("over its bound", manifest(timeoutSeconds=3601)),
    ("no analyzer", manifest(analyzers=[])),
    ("an analyzer twice", manifest(analyzers=["audio", "audio"])),
    ("a name of an analyzer", manifest(analyzers=["Audio"])),
    ("a wrong name", {**manifest(), "metadata": {"name": "No_Name"}}),
    ("an annotation that is no string", {**manifest(), "metadata": {"name": "a", "annotations": {"a": 1}}}),
    ("created", manifest()),
    ("the same", manifest()),
    ("another priority", manifest(priority=5)),
    ("another source", manifest(source={"uri": "s3://media/other.wav"})),
    ("other analyzers", manifest(analyzers=["audio"])),
    ("another time-out", manifest(timeoutSeconds=5)),
    ("cancelled", manifest(cancel=True)),
    ("cancelled no more", manifest(cancel=False)),
]


def test_both_accept_and_refuse_the_same(server: ApiServer) -> None:
    memory = MemoryRequests(lambda: datetime.now(UTC))
    for name, step in STEPS:
        done = server.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(step), check=False)
        if done.returncode != 0:
            with pytest.raises(InvalidManifest):
                memory.apply(step)
            continue
        local = memory.apply(step)
        real = AnalysisRequest.model_validate(server.read.get("analysisrequest", "call"))
        assert real.spec == local.spec, name
        assert real.status == local.status, name
        assert real.metadata.generation == local.metadata.generation, name
    server.kubectl("delete", "analysisrequest", "--all")


def test_the_table_is_what_kubectl_prints(server: ApiServer) -> None:
    finished = {
        "verdict": "Suspicious",
        "score": 95,
        "progress": 100,
        "duration": "2.3s",
        "reportURI": "s3://results/report.html",
        "conditions": [
            {
                "type": "Succeeded",
                "status": "True",
                "reason": "Completed",
                "message": "",
                "lastTransitionTime": "2026-11-23T10:00:00Z",
            }
        ],
    }
    server.apply(*(checked.manifest for checked in load(ROOT / "crds" / "examples")))
    patch = yaml.safe_dump({"status": finished})
    server.kubectl("patch", "areq", "edited-video", "--subresource=status", "--type=merge", "-p", patch)
    for arguments, options in (((), {}), (("-o", "wide"), {"wide": True}), (("-A",), {"namespaces": True})):
        before = datetime.now(UTC)
        printed = server.kubectl("get", "analysisrequests", *arguments).stdout
        requests = [AnalysisRequest.model_validate(item) for item in server.read.list("analysisrequest")]
        seconds = int((datetime.now(UTC) - before).total_seconds()) + 2
        moments = [before + timedelta(seconds=passed) for passed in range(seconds)]  # kubectl looked at one of them
        ours = [render_table(requests, now=moment, **options) for moment in moments]
        assert "\n".join(line.rstrip() for line in printed.splitlines()) in ours
