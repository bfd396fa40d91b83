"""What the commands do: start the runtime, hand over the work, show it, and judge the outcome."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from analysis_operator.api import AnalysisRequest, ConditionType
from analysis_operator.cli.live import VERDICT_STYLE, reason, view
from analysis_operator.cli.table import render_table, unmet
from analysis_operator.local.errors import MediaMissing
from analysis_operator.local.files import MEDIA_BUCKET, key_of, load, media_of, request_for, transcript_of
from analysis_operator.local.manifests import Manifest
from analysis_operator.local.pool import MODULES, OFFLINE
from analysis_operator.local.process import HOST, Service
from analysis_operator.local.runtime import LocalRuntime
from analysis_operator.local.s3_server import LocalStore
from analysis_operator.report.words import clock, words

__all__ = ["Call", "analyze", "load", "run", "serve"]

_SERVE_SECONDS = 60.0
_SHOWN = {"audio": "synthetic", "video": "edited", "context": "scam-call"}
"""Which sample makes the better example of a call."""

type Call[T] = Callable[[], T]


async def run(manifests: Sequence[Manifest], media: Path | None, out: Path, console: Console) -> bool:
    """Reconcile manifests to their end; give whether each got the outcome that it states.

    Raises:
        StartFailed: a service does not come up.
    """
    async with LocalRuntime(out) as runtime:
        for manifest in manifests:
            if media is not None:
                await _upload(runtime, manifest, media, console)
            runtime.apply(manifest)
        with view(console) as show:
            requests = await runtime.finish(show)
        _say(console, render_table(requests, namespaces=len({key_of(manifest)[0] for manifest in manifests}) > 1))
        reports = {request.metadata.uid: await runtime.collect(request) for request in requests}
    _say(console, "\nReports:" if any(reports.values()) else "\nThere are no reports.")
    for request in requests:
        if path := reports[request.metadata.uid]:
            _say(console, f"  {request.metadata.name}: {path}")
    return _judge(manifests, requests, console)


async def analyze(recording: Path, out: Path, console: Console) -> bool:
    """Analyse one file; give whether there is a verdict.

    Raises:
        StartFailed: a service does not come up.
    """
    manifest = request_for(recording)
    async with LocalRuntime(out) as runtime:
        await runtime.upload(recording, manifest["spec"]["source"]["uri"])
        runtime.apply(manifest)
        with view(console) as show:
            (request,) = await runtime.finish(show)
        report = await runtime.collect(request)
    _tell(request, console)
    if report is not None:
        _say(console, f"Report: {report}")
    return request.status.verdict is not None


async def serve(name: str, port: int, media: Sequence[tuple[Path, str]], out: Path, console: Console) -> bool:
    """Serve one analyzer over a local S3 server until it ends or the task is cancelled.

    Raises:
        StartFailed: it does not come up.
    """
    logs = out / "logs"
    store, service = LocalStore(logs), Service(name, [MODULES[name]], port, "/readyz", logs)
    with store.environment():
        try:
            await service.start({"GUARDIAN_HOST": HOST, "GUARDIAN_PORT": str(port), **OFFLINE})
            await store.start()
            for path, uri in media:
                await store.upload(path, uri)
            await service.wait_ready(_SERVE_SECONDS)
            _say(console, _invitation(name, service.address, [uri for _, uri in media]))
            code = await service.ended()
        finally:
            await service.stop()
            await store.stop()
    return code == 0


def _invitation(name: str, address: str, recordings: Sequence[str]) -> str:
    wanted = next((uri for uri in recordings if _SHOWN[name] in uri), f"s3://{MEDIA_BUCKET}/recording")
    job = json.dumps({"id": "try", "source": {"uri": wanted}})
    return (
        f"The {name} analyzer listens on http://{address}, its documentation is at http://{address}/docs.\n"
        f"Recordings: {', '.join(recordings) or 'none'}\n\n"
        f"  curl -sN http://{address}/v1/analyses -H 'Content-Type: application/json' \\\n"
        f"    -H 'Accept: application/x-ndjson' -d '{job}'\n\n"
        "Ctrl-C ends it."
    )


async def _upload(runtime: LocalRuntime, manifest: Manifest, media: Path, console: Console) -> None:
    """Bring a recording; one that is missing is the request's own problem: it will say SourceNotFound."""
    try:
        path, uri = media_of(manifest, media)
    except MediaMissing as error:
        _say(console, f"Not uploaded: {error}.")
    else:
        for each in [(path, uri), *transcript_of(path, uri)]:
            await runtime.upload(*each)


def _judge(manifests: Sequence[Manifest], requests: Sequence[AnalysisRequest], console: Console) -> bool:
    found = {(request.metadata.namespace, request.metadata.name): request for request in requests}
    failed = 0
    for manifest in manifests:
        request = found[key_of(manifest)]
        for problem in unmet(manifest, request):
            failed += 1
            _say(console, f"\n{request.metadata.name}: {problem}. {_message(request)}", style="red")
    if not failed:
        _say(console, f"\nAll {len(manifests)} requests got the outcome that their manifests state.", style="green")
    return not failed


def _tell(request: AnalysisRequest, console: Console) -> None:
    status = request.status
    if status.verdict is None:
        _say(console, f"No verdict: {reason(request)}", style="bold red")
        _say(console, _message(request))
        return
    verdict = str(status.verdict)
    _say(console, f"{words(verdict)}, score {status.score} of 100", style=VERDICT_STYLE.get(verdict, ""))
    for entry in status.analyses:
        _say(console, f"{entry.name}: {entry.message}")
        for finding in entry.findings:
            stretch = f"{clock(finding.start_seconds)} to {clock(finding.end_seconds)}"
            _say(console, f"  {stretch}  {words(finding.kind)}, strength {finding.score}")


def _message(request: AnalysisRequest) -> str:
    found = request.status.condition(ConditionType.SUCCEEDED)
    return found.message if found else ""


def _say(console: Console, text: str, style: str = "") -> None:
    """Print text as it is: names and messages are no markup, and a path is never broken over two lines."""
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
