"""What tracing costs one request in the operator and in an analyzer: ``python -m tests.benchmarks.tracing``.

Off, on but not sampled, and on, with a collector on this machine. Sending is in a thread of its own: its CPU time is
counted, too.
"""

from __future__ import annotations

import gzip
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from analysis_operator.api import AnalysisRequest
from analysis_operator.requests.spans import Spans
from analyzer_contract import AnalysisJob, SourceObject
from analyzer_kit.child.messages import StageTime
from analyzer_kit.stages import Stages
from guardian_service import tracing
from guardian_service.tracing import OFF, OtlpRecorder, Tracing

_COUNT = 2000
_TIMES = [StageTime(stage=name, began=0, ended=0.1) for name in ("decode", "compare", "plot")]


def _request() -> AnalysisRequest:
    now = datetime.now(UTC).isoformat()
    row = {"type": "Succeeded", "status": "True", "reason": "Completed", "lastTransitionTime": now}
    meta = {"name": "call", "namespace": "default", "uid": "uid-1", "creationTimestamp": now}
    status = {"verdict": "NoEvidence", "finishedAt": now, "conditions": [row]}
    spec = {"source": {"uri": "s3://media/a.wav"}, "analyzers": ["audio"]}
    return AnalysisRequest.model_validate({"metadata": meta, "spec": spec, "status": status})


def _in_the_operator(traces: Tracing) -> Callable[[], None]:
    spans, request = Spans(traces), _request()

    def once() -> None:
        spans.queued(request, "audio")
        with tracing.active(spans.started("uid-1", "audio")):
            tracing.log_fields(None, "info", {})
        spans.ended("uid-1", "audio", "audio-1", "Result")
        if (report := spans.report(request)) is not None:
            report.end()
        spans.on_finished(request)

    return once


def _in_an_analyzer(traces: Tracing) -> Callable[[], None]:
    job = AnalysisJob(id="a.audio", source=SourceObject(uri="s3://media/a.wav"), deadline_seconds=60)

    def once() -> None:
        span = traces.start("analysis", None, kind="server")
        with tracing.active(span):
            clock = Stages(job, lambda _progress: None)
            clock.enter("download", 0)
            clock.enter("analyze", 0.1)
            clock.leased()
            clock.child_times(_TIMES)
            clock.enter("upload", 0.9)
            clock.end()
        if span is not None:
            span.end({"guardian.outcome": "NoEvidence"})

    return once


def _microseconds(once: Callable[[], None]) -> float:
    once()
    began = time.process_time()
    for _ in range(_COUNT):
        once()
    return (time.process_time() - began) / _COUNT * 1e6


class _Decoding(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        ExportTraceServiceRequest.FromString(
            gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        )
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@contextmanager
def _collector() -> Iterator[str]:
    """Serve a collector in this process, which decodes what comes and keeps nothing, and yield its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Decoding)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def main() -> None:
    with _collector() as address:
        os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = address
        recorder = OtlpRecorder("benchmark")
        for what, traces in (
            ("off", OFF),
            ("on, not sampled", Tracing(recorder, ratio=0)),
            ("on", Tracing(recorder)),
        ):
            operator, analyzer = _microseconds(_in_the_operator(traces)), _microseconds(_in_an_analyzer(traces))
            print(f"{what:16} operator {operator:7.1f} µs   analyzer {analyzer:7.1f} µs of CPU a request")
        recorder.close()


if __name__ == "__main__":
    main()
