"""What those use who run it every day: earlier results, batches, `kubectl guardian`; with the product's own images."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster import Cluster, S3Server
from tests.cluster.packages import client_tools_folder
from tests.cluster.shell import PATIENCE_SECONDS
from tests.e2e.conftest import Media
from tests.support.analyzers.ask import API, Requests, analysis
from tests.support.operator.deployment import s3_client

pytestmark = pytest.mark.together("calm")

PATIENTLY = ("--wait", "--timeout", f"{PATIENCE_SECONDS:.0f}")


class Guardian:
    """`kubectl guardian` in a person's shell."""

    def __init__(self, cluster: Cluster, s3: S3Server, folder: Path) -> None:
        self.folder = folder
        self._environment = os.environ | {
            "AWS_ENDPOINT_URL": s3.endpoint_url,
            "AWS_ACCESS_KEY_ID": s3.access_key,
            "AWS_SECRET_ACCESS_KEY": s3.secret_key,
            "AWS_REGION": s3.region,
            "KUBECONFIG": str(cluster.kubeconfig),
            "PATH": f"{Path(sys.executable).parent}:{client_tools_folder()}:{os.environ['PATH']}",
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command and return what it says."""
        command, where = ["kubectl", "guardian", *arguments], self._environment
        long = 2 * PATIENCE_SECONDS  # so that a command that waits says itself what has not come
        return subprocess.run(
            command, cwd=self.folder, env=where, capture_output=True, text=True, check=False, timeout=long
        )


def test_a_recording_that_was_analysed_is_not_analysed_again(requests: Requests, media: Media) -> None:
    uri = media.put("twice/genuine.wav", media.samples["genuine.wav"])
    ran = requests.verdict_of("once", uri, "audio")
    adopted = requests.verdict_of("once-more", uri, "audio", refresh=False)
    before, entry = analysis(ran, "audio"), analysis(adopted, "audio")
    assert (before["cached"], before["attempts"]) == (False, 1)
    assert (entry["cached"], entry["cachedFrom"]["name"], entry["attempts"]) == (True, "once", 0)
    assert (adopted["verdict"], adopted["score"]) == (ran["verdict"], ran["score"])
    media.put("twice/genuine.wav", media.samples["synthetic.wav"])
    another = requests.verdict_of("another-recording", uri, "audio", refresh=False)
    assert (analysis(another, "audio")["cached"], another["verdict"]) == (False, "LikelyFake")


def test_every_recording_under_a_prefix_gets_a_line(
    requests: Requests, media: Media, cluster: Cluster, s3: S3Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    verdicts = {"genuine.wav": "NoEvidence", "not-a-video.mp4": None, "synthetic.wav": "LikelyFake"}
    for name in verdicts:
        media.put(f"folder/{name}", media.samples[name])
    spec = {"source": {"prefix": "s3://media/folder/"}, "analyzers": ["audio"], "parallelism": 2}
    batch = {"apiVersion": API, "kind": "AnalysisBatch", "metadata": {"name": "folder"}, "spec": spec}
    requests.kubectl("apply", "--validate=false", "-f", "-", stdin=json.dumps(batch))
    followed = Guardian(cluster, s3, tmp_path_factory.mktemp("batch")).run("batch", "folder", *PATIENTLY)
    assert followed.returncode == 0, followed.stderr
    assert "3 of 3 done (100 %)" in followed.stdout
    assert "UnsupportedMedia 1" in followed.stdout
    status = requests.read.get("analysisbatch", "folder", requests.namespace)["status"]
    prefix = status["resultsURI"].removeprefix("s3://results/")
    client = s3_client(s3)
    (part,) = client.list_objects_v2(Bucket="results", Prefix=prefix)["Contents"]
    body = client.get_object(Bucket="results", Key=part["Key"])["Body"].read()
    lines = [json.loads(line) for line in body.splitlines()]
    assert {line["uri"].rpartition("/")[2]: line["verdict"] for line in lines} == verdicts
    assert [line["reason"] for line in lines] == ["Completed", "UnsupportedMedia", "Completed"]
    left = requests.read.list("analysisrequest", requests.namespace)
    assert not {line["request"] for line in lines} & {item["metadata"]["name"] for item in left}


def test_kubectl_guardian_sends_a_recording_and_explains_and_saves_what_came_of_it(
    cluster: Cluster, deployment: object, media: Media, s3: S3Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    guardian = Guardian(cluster, s3, tmp_path_factory.mktemp("plugin"))
    recording = str(media.samples["synthetic.wav"])
    target = ("--to", "s3://media/inbox/", "--analyzers", "audio", "--name", "from-the-shell")
    sent = guardian.run("submit", recording, *target, *PATIENTLY)
    assert sent.returncode == 10, sent.stderr
    assert "from-the-shell: Likely fake, score" in sent.stdout
    assert "from-the-shell has its verdict (Completed)" in guardian.run("why", "from-the-shell").stdout.replace(
        "\n", " "
    )
    (shown,) = [line.split() for line in guardian.run("list").stdout.splitlines() if line.startswith("from-the-shell")]
    assert shown[1] == "LikelyFake"
    pools = {pool["name"]: pool for pool in json.loads(guardian.run("top", "-o", "json").stdout)["pools"]}
    assert pools["audio"]["readyPods"] >= 1
    assert "analysis ended" in guardian.run("logs", "from-the-shell").stdout
    assert "as it was written" in guardian.run("report", "from-the-shell").stdout
    assert "<html" in (guardian.folder / "from-the-shell.html").read_text()
