"""One request as one trace: from the status API through operator, analyzer and its child to S3, over real processes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from guardian_service import tracing
from status_api.adapters.cluster import ClusterApi
from status_api.adapters.watched import WatchedAnalyses
from status_api.app import create_app
from status_api.auth import StaticTokens
from status_api.settings import Settings
from tests.support.collector import Collector, Seen, tree
from tests.support.kubernetes.apiserver import OPERATOR_TOKEN, ApiServer
from tests.support.operator.process import until
from tests.support.operator.world import World, close_world, open_world
from tests.support.web.status_api import NoStorage, body

pytestmark = pytest.mark.integration
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def world(collector: Collector, api_server: ApiServer, s3: Any, tmp_path: Path) -> Iterator[World]:
    opened = open_world(api_server, s3, tmp_path, results_uri="s3://media/results")
    yield opened
    close_world(opened)


async def ask(api_server: ApiServer, folder: Path, traces: tracing.Tracing) -> str:
    """Ask the status API for an analysis, as a caller with a trace of its own, and return its name."""
    (folder / "token").write_text(OPERATOR_TOKEN)
    config = yaml.safe_load(api_server.kubeconfig.read_text())
    settings = Settings(
        kubernetes_url=config["clusters"][0]["cluster"]["server"],
        kubernetes_token_file=folder / "token",
        kubernetes_ca_file=api_server.folder / "certs" / "apiserver.crt",
    )
    async with ClusterApi(settings) as cluster:
        analyses = WatchedAnalyses(cluster, ["default"])
        async with analyses.running():
            app = create_app(settings, analyses, NoStorage(), StaticTokens({"word": "default"}), traces=traces)
            headers = {"Authorization": "Bearer word", "traceparent": f"00-{TRACE}-{SPAN}-01"}
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers) as client:
                asked = body("default", "traced.json", analyzers=["scripted"])
                answer = await client.post("/v1/analyses", json=asked)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"]).rpartition(".")[0]


async def test_one_request_is_one_trace_down_to_the_child_and_s3(
    world: World, collector: Collector, api_server: ApiServer, tmp_path: Path
) -> None:
    world.put("uploads/default/traced.json", seconds=0.3)
    traces = tracing.from_environment("silver-guardian-status-api")
    name = await ask(api_server, tmp_path, traces)
    world.wait(name)
    assert isinstance(traces.recorder, tracing.OtlpRecorder)
    traces.recorder.close()
    until(lambda: {"analysis request", "upload"} <= {span.name for span in collector.of(TRACE)}, "the spans")
    spans = collector.of(TRACE)
    stages: dict[str, object] = {"scripted: download": {}, "scripted: wait for a child": {}, "scripted: analyze": {}}
    stages |= {"scripted: child: script": {}, "scripted: upload": {}}
    shown = tree(spans, SPAN)
    request = shown["status-api: POST /v1/analyses"]["operator: analysis request"]
    assert isinstance(request, dict)
    assert set(request) == {"operator: queue scripted", "operator: attempt scripted", "operator: report"}, shown
    analysis = request["operator: attempt scripted"]["scripted: analysis"]
    assert set(analysis) == set(stages), shown
    _check_times_and_words(spans, world, name)
    until(lambda: TRACE in world.pods.log(), "the analyzer's log lines to name the trace")
    line = next(json.loads(each) for each in world.pods.log().splitlines() if "analysis ended" in each)
    assert (line["trace_id"], line["span_id"]) == (TRACE, _only(spans, "analysis").span_id)


def _only(spans: list[Seen], name: str) -> Seen:
    (span,) = [span for span in spans if span.name == name]
    return span


def _check_times_and_words(spans: list[Seen], world: World, name: str) -> None:
    by_id = {span.span_id: span for span in spans}
    for span in spans:
        assert span.began <= span.ended
        around = by_id.get(span.parent_id)
        if around is not None and around.service == span.service:
            assert span.began >= around.began - 1_000_000_000  # creationTimestamp has whole seconds
    download, upload, child = (_only(spans, each) for each in ("download", "upload", "child: script"))
    assert (download.kind, upload.kind, download.attributes["rpc.service"]) == ("client", "client", "S3")
    assert child.ended - child.began >= 200_000_000
    whole, uid = _only(spans, "analysis request"), world.server.read.get("analysisrequest", name)["metadata"]["uid"]
    assert (whole.attributes["guardian.uid"], whole.attributes["guardian.verdict"]) == (uid, "NoEvidence")
    assert "traced.json" not in str(spans), "what a recording is called is in no span"
