"""What the page of metrics says of one request, in both formats."""

from __future__ import annotations

from aiohttp.test_utils import make_mocked_request
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from analysis_operator import metrics
from analysis_operator.health_server import HealthServer
from analysis_operator.requests.spans import Spans
from guardian_service.tracing import OFF, Tracing
from tests.support.operator.requests import request
from tests.unit.operator.requests.test_spans import FINISHED
from tests.unit.service.test_tracing import Kept

OPENMETRICS = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
"""As Prometheus asks."""


async def page(accept: str | None) -> tuple[str, str]:
    headers = {"Accept": accept} if accept else {}
    server = HealthServer(lambda: "", lambda: True)
    answer = await server._metrics(make_mocked_request("GET", "/metrics", headers=headers))
    assert isinstance(answer.body, bytes)
    return answer.headers["Content-Type"], answer.body.decode()


def traces(text: str) -> set[str]:
    parsed = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    families = {family.name: family for family in parsed}
    samples = families["silver_guardian_request_duration_seconds"].samples
    return {sample.exemplar.labels["trace_id"] for sample in samples if sample.exemplar}


async def test_a_recorded_request_is_an_exemplar_of_how_long_requests_took() -> None:
    spans, ended = Spans(Tracing(Kept())), request(FINISHED)
    metrics.record_end(ended, spans.recorded(ended))
    content_type, text = await page(OPENMETRICS)
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert spans.of_request(ended).trace_id in traces(text)
    content_type, text = await page(None)
    assert content_type.startswith("text/plain; version=0.0.4")
    assert "trace_id" not in text


def test_without_a_trace_there_is_no_exemplar() -> None:
    for traces_ in (OFF, Tracing(Kept(), ratio=0)):
        assert Spans(traces_).recorded(request(FINISHED)) is None
