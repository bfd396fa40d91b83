"""The HTTP service around one analyzer: contract v1, health, metrics, and Swagger UI at /docs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import FastAPI, Header, Request, Response
from fastapi.responses import JSONResponse

from analyzer_contract import (
    LONGEST_KEEP_SECONDS,
    MEDIA_TYPE_STREAM,
    AnalysisJob,
    Cancellation,
    Failure,
    Outcome,
    Result,
    Unchanged,
)
from analyzer_kit.analyzer import Analyzer
from analyzer_kit.backend import Backend, ChildBackend
from analyzer_kit.jobs import Jobs
from analyzer_kit.metrics import Metrics
from analyzer_kit.problems import SCHEMA, failure_problem
from analyzer_kit.responses import PlainAnswer, StreamedAnswer
from analyzer_kit.settings import KitSettings
from guardian_service import tracing
from guardian_service.body_limit import BodyLimit
from guardian_service.problems import MEDIA_TYPE, install, problem
from guardian_service.signatures import SecretFile
from guardian_service.signed_requests import SignedRequests
from guardian_service.trace_context import read
from guardian_service.tracing import Tracing

MAX_BODY_BYTES = 64 * 1024
"""The longest job has some 40 KB, with every character of its strings escaped."""

_TOO_LONG = f"The body is longer than {MAX_BODY_BYTES:,} bytes; no job is."
_RETRY_AFTER_SECONDS = "1"

_PROBLEMS = {
    401: "The job is not signed by the operator of the same installation.",
    403: "SourceForbidden",
    404: "SourceNotFound",
    408: "The body did not arrive.",
    409: "SourceChanged or SourceMismatch",
    413: "The body is longer than any job.",
    422: "The request is not valid, or the media is refused; `reason` says which.",
    429: "Every slot is taken; see Retry-After. `unattended`: the jobs that keep theirs without a client.",
    500: "WorkerCrashed, OutOfMemory, ResultsUnavailable or InternalError: another try may help.",
    502: "SourceUnavailable",
    503: "Draining: ask another replica.",
    504: "DeadlineExceeded",
}
_LINES = {
    "type": "string",
    "description": "A JSON object a line: progress (`type`, `stage`, `fraction`, `source`), then one that has the type "
    "`result` or `unchanged`, as in the plain answer, or `error` (`kind`, `reason`, `message`, `seconds`).",
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The analysis has a verdict, or the result that the job knows would be the same again.",
        "content": {MEDIA_TYPE_STREAM: {"schema": _LINES}},
    },
    **{
        status: {"description": text, "content": {MEDIA_TYPE: {"schema": SCHEMA}}} for status, text in _PROBLEMS.items()
    },
}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: answer for status, answer in _ANSWERS.items() if status in {401, 408, 413, 422}
}


def create_app(
    analyzer: Analyzer, settings: KitSettings, backend: Backend | None = None, traces: Tracing = tracing.OFF
) -> FastAPI:
    """Return an analyzer's HTTP application.

    Args:
        analyzer: the analyzer that it runs.
        settings: slots, limits, and places.
        backend: does the work; warm child processes unless given.
        traces: takes the spans of analyses.
    """
    work = backend or ChildBackend(analyzer, settings)
    metrics = Metrics(analyzer.name, settings.concurrency)
    jobs = Jobs(work, settings.concurrency, metrics, traces)
    metrics.watch(lambda: jobs.busy, lambda: work.worker_starts)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await work.start()
        try:
            yield
        finally:
            await work.stop()

    app = FastAPI(
        title=f"Silver Guardian: {analyzer.name} analyzer",
        version=analyzer.version,
        summary="Is this recording real, how sure are we, and where is the evidence?",
        lifespan=lifespan,
    )
    app.state.jobs = jobs
    app.state.backend = work
    install(app)
    if settings.secret_file or not settings.local:
        secrets = SecretFile(settings.secret_file) if settings.secret_file else None
        app.add_middleware(SignedRequests, secrets=secrets)
    app.add_middleware(BodyLimit, most_bytes=MAX_BODY_BYTES, too_long=_TOO_LONG)
    _add_analyses(app, jobs)
    _add_probes(app, analyzer, jobs, work, metrics)
    return app


def _add_analyses(app: FastAPI, jobs: Jobs) -> None:
    @app.post("/v1/analyses", response_model=Result | Unchanged, responses=_ANSWERS, tags=["analyses"])
    async def analyze(
        job: AnalysisJob,
        accept: Annotated[str, Header()] = "application/json",
        guardian_keep: Annotated[float, Header(ge=0, le=LONGEST_KEEP_SECONDS)] = 0,
        traceparent: Annotated[str | None, Header(description="W3C Trace Context: the span to be a part of.")] = None,
    ) -> Response:
        """Analyses one S3 object.

        With `Accept: application/x-ndjson` the answer is a stream of progress lines, at least one every two seconds,
        that ends with one result or error line. Otherwise it waits and answers once. Closing the connection
        cancels the work; that of a stream with `Guardian-Keep` goes on for so many seconds, uploads nothing while
        no client follows it, and is taken up again by the same job.
        """
        streamed = MEDIA_TYPE_STREAM in accept
        keep = guardian_keep if streamed else 0  # who waits for one answer does not come back for it
        known = jobs.known(job) if keep else None
        if known is None and jobs.draining:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "This analyzer is shutting down.")
        if known is None and jobs.full:
            detail = f"All {jobs.slots} slots are taken."
            headers = {"Retry-After": _RETRY_AFTER_SECONDS}
            return problem(HTTPStatus.TOO_MANY_REQUESTS, detail, headers=headers, unattended=jobs.unattended)
        work = known or jobs.start(job, keep, read(traceparent))
        return StreamedAnswer(work) if streamed else PlainAnswer(work, _plain)

    @app.post("/v1/cancellations", status_code=HTTPStatus.NO_CONTENT, responses=_REFUSALS, tags=["analyses"])
    async def cancel(cancellation: Cancellation) -> None:
        """Stops the analysis of a job, if it still runs, also where a client follows it."""
        jobs.cancel(cancellation.id)


def _plain(last: Outcome) -> JSONResponse:
    if isinstance(last, Failure):
        return failure_problem(last)
    return JSONResponse(last.model_dump(mode="json", by_alias=True, exclude_none=True))


def _add_probes(app: FastAPI, analyzer: Analyzer, jobs: Jobs, work: Backend, metrics: Metrics) -> None:
    def status() -> str:
        if not work.alive:
            return "broken"
        if jobs.draining:
            return "draining"
        return "ok" if work.ready else "starting"

    @app.get("/health", tags=["health"])
    async def health() -> dict[str, str | int]:
        """What runs here, for people and dashboards."""
        about: dict[str, str | int] = {"analyzer": analyzer.name, "version": analyzer.version}
        return {"status": status(), **about, "slots": jobs.slots, "busy": jobs.busy}

    @app.get("/livez", tags=["health"])
    async def livez() -> Response:
        """Fails only if analysis processes cannot be brought back: then a fresh container is needed."""
        if work.alive:
            return JSONResponse({"status": "ok"})
        detail = f"The analysis processes do not start any more. {work.problem}".rstrip()
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail)

    @app.get("/readyz", tags=["health"])
    async def readyz() -> Response:
        """Fails while no analysis process is warm, and while draining; `state` says which, `detail` why."""
        state = status()
        if state == "ok":
            return JSONResponse({"status": "ok"})
        detail = f"Not ready: {state}. {work.problem}".rstrip()
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, state=state)

    @app.get("/metrics", tags=["health"])
    async def scrape(request: Request) -> Response:
        """Prometheus metrics, as OpenMetrics where that is accepted."""
        content, content_type = metrics.render(request.headers.get("accept", ""))
        return Response(content, headers={"content-type": content_type})
