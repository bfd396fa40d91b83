"""The main job, on real media, with the product's own images; and what bad input gets."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import Cluster, S3Server
from tests.e2e.conftest import Media
from tests.support.analyzers.ask import Requests, analysis, condition
from tests.support.media.samples import concat_playlist, hls_playlist, truncated
from tests.support.operator.deployment import MISSING_BUCKET, Deployment, s3_client

pytestmark = pytest.mark.together("calm")


def test_an_edited_clip_is_suspicious_and_the_evidence_is_in_the_status(requests: Requests, media: Media) -> None:
    status = requests.verdict_of("edited", media.sample("edited.mp4"))
    assert status["verdict"] == "Suspicious"
    kinds = {finding["kind"] for finding in analysis(status, "video")["findings"]}
    assert "DuplicatedFrames" in kinds
    assert analysis(status, "audio")["state"] == "Succeeded"
    assert len(json.dumps(status)) < 8192


def test_results_plots_and_a_report_for_people_are_in_the_results_bucket(
    requests: Requests, media: Media, s3: S3Server
) -> None:
    status = requests.verdict_of("reported", media.sample("clean.mp4"))
    prefix = status["reportURI"].removeprefix("s3://results/").removesuffix("report.html")
    client = s3_client(s3)
    listed = {
        entry["Key"].removeprefix(prefix)
        for entry in client.list_objects_v2(Bucket="results", Prefix=prefix)["Contents"]
    }
    assert listed == {"audio.json", "audio.png", "video.json", "video.png", "report.html"}
    page = client.get_object(Bucket="results", Key=f"{prefix}report.html")["Body"].read().decode()
    assert status["verdict"] != "LikelyFake"
    assert "data:image/png;base64," in page
    result = json.loads(client.get_object(Bucket="results", Key=f"{prefix}video.json")["Body"].read())
    assert result["verdict"] == analysis(status, "video")["verdict"]


def test_a_genuine_recording_of_a_voice_has_no_video_and_the_sound_decides(requests: Requests, media: Media) -> None:
    status = requests.verdict_of("genuine", media.sample("genuine.wav"))
    assert (status["verdict"], condition(status)["reason"]) == ("NoEvidence", "Completed")
    video = analysis(status, "video")
    assert (video["state"], video["reason"]) == ("Skipped", "NoVideoStream")


def _broken(media: Media, folder: Path) -> dict[str, bytes]:
    cut = folder / "cut.mp4"
    truncated(media.samples["clean.mp4"], cut, 0.5)
    return {"empty.wav": b"", "text.mp4": b"Call me back, grandmother.\n" * 50, "cut.mp4": cut.read_bytes()}


BAD = [
    ("an empty object", "empty.wav", {"UnsupportedMedia", "CorruptMedia"}),
    ("text under a film's name", "text.mp4", {"UnsupportedMedia"}),
    ("a truncated film", "cut.mp4", {"CorruptMedia", "UnsupportedMedia"}),
]


@pytest.mark.parametrize(("key", "reasons"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_media_ends_at_once_and_says_what_to_do(
    requests: Requests, media: Media, tmp_path_factory: pytest.TempPathFactory, key: str, reasons: set[str]
) -> None:
    tmp_path = tmp_path_factory.mktemp("broken")
    status = requests.verdict_of(key.split(".", maxsplit=1)[0], media.put(key, _broken(media, tmp_path)[key]))
    assert condition(status)["status"] == "False"
    assert condition(status)["reason"] in reasons
    assert condition(status, "Stalled")["status"] == "True"
    assert all(entry["attempts"] == 1 for entry in status["analyses"])
    assert "verdict" not in status
    assert len(condition(status)["message"]) > 40


def test_a_missing_key_and_a_missing_bucket_are_not_found(requests: Requests, media: Media) -> None:
    for name, uri in (("no-key", "s3://media/no-such-key"), ("no-bucket", f"s3://{MISSING_BUCKET}/key")):
        assert condition(requests.verdict_of(name, uri))["reason"] == "SourceNotFound"


def test_an_object_over_two_gibibytes_is_refused_before_it_is_read(
    requests: Requests, media: Media, s3: S3Server
) -> None:
    media.put("huge.mp4", b"x")
    (path,) = s3.directory.rglob("huge.mp4")
    with path.open("r+b") as file:
        file.truncate(2 * 1024**3 + 1)  # sparse: it takes no room
    status = requests.verdict_of("huge", "s3://media/huge.mp4")
    assert condition(status)["reason"] == "MediaTooLarge"


@contextmanager
def _listening(host: str) -> Iterator[tuple[str, list[str]]]:
    """Serve HTTP, and record who requests what."""
    paths: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer((host, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{host}:{server.server_address[1]}", paths
        server.shutdown()


@pytest.mark.parametrize("kind", ["hls", "concat"])
def test_a_playlist_under_a_films_name_is_refused_and_nothing_is_fetched(
    requests: Requests, media: Media, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory, kind: str
) -> None:
    playlist = tmp_path_factory.mktemp(kind) / "playlist.mp4"
    with _listening(cluster.host_address) as (address, paths):
        (hls_playlist if kind == "hls" else concat_playlist)(playlist, f"{address}/canary.ts")
        status = requests.verdict_of(kind, media.put(f"{kind}.mp4", playlist))
    assert condition(status)["reason"] == "UnsupportedMedia"
    assert paths == []


def test_without_permission_the_source_is_forbidden(
    requests: Requests, media: Media, s3: S3Server, cluster: Cluster, deployment: Deployment
) -> None:
    outsider = s3.add_user("outsider", "outsider-secret-key")
    audio = json.loads(deployment.kubectl("get", "analyzer", "audio", "-o", "json"))
    variables = [entry for entry in audio["spec"]["env"] if "secretKey" not in entry]
    keys = {"AWS_ACCESS_KEY_ID": outsider.access_key, "AWS_SECRET_ACCESS_KEY": outsider.secret_key}
    env = variables + [{"name": name, "value": value} for name, value in keys.items()]
    meta = {"name": "outsider", "namespace": deployment.namespace}
    manifest = {**audio, "metadata": meta, "spec": {**audio["spec"], "env": env, "replicas": 1}}
    cluster.kubectl("apply", "-f", "-", input=json.dumps(manifest))
    try:
        status = requests.verdict_of("forbidden", media.sample("genuine.wav"), "outsider")
        assert condition(status)["reason"] == "SourceForbidden"
        assert analysis(status, "outsider")["attempts"] == 1
    finally:
        deployment.kubectl("delete", "analyzer", "outsider")


def test_pools_run_on_the_ml_node_alone_and_the_operator_does_not(cluster: Cluster, deployment: Deployment) -> None:
    listed = json.loads(deployment.kubectl("get", "pods", "-o", "json"))["items"]
    where = {pod["metadata"]["name"]: pod["spec"].get("nodeName") for pod in listed}  # others' pods may still wait
    for name in ("audio", "video"):
        assert {where[pod] for pod in deployment.analyzer_pods(name)} == {"ml"}
    assert where[deployment.operator_pod()] == "system"


def test_helm_reads_an_unfinished_request_as_in_progress_and_a_failed_one_as_failed(
    cluster: Cluster, media: Media, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Helm 4 waits through kstatus, so its opinion is the proof that kstatus reads the conditions rightly."""
    tmp_path = tmp_path_factory.mktemp("charts")

    def release(name: str, uri: str, seconds: int) -> tuple[int, str]:
        chart = tmp_path / name
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 0.1.0\n")
        meta = {"name": name}
        spec = {"source": {"uri": uri}, "analyzers": ["audio"]}
        manifest = {
            "apiVersion": "silverguardian.io/v1alpha1", "kind": "AnalysisRequest", "metadata": meta, "spec": spec,
        }  # fmt: skip
        (chart / "templates" / "request.yaml").write_text(json.dumps(manifest))
        done = cluster.helm("install", name, str(chart), "--wait", "--timeout", f"{seconds}s", check=False)
        state = cluster.kubectl("get", "areq", name, "-o", "json").stdout
        cluster.helm("uninstall", name)
        return done.returncode, condition(json.loads(state)["status"], "Finished")["status"]

    assert release("helm-good", media.sample("genuine.wav"), 180) == (0, "True")
    code, finished = release("helm-bad", media.put("helm.mp4", b"text"), 20)
    assert code != 0
    assert finished == "True"


def test_what_is_said_is_judged_where_a_request_asks_for_it(requests: Requests, media: Media) -> None:
    """By a pool that had no pod before."""
    media.sample("scam-call.wav.transcript.json")
    status = requests.verdict_of("scam-call", media.sample("scam-call.wav"), "context")
    assert (status["verdict"], condition(status)["reason"]) == ("Suspicious", "Completed")
    assert "ScamPattern" in {finding["kind"] for finding in analysis(status, "context")["findings"]}
