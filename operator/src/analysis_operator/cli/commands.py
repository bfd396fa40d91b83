"""What the commands do: start the runtime, give it the work, show the progress, and check the outcome."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from analysis_operator.api import AnalysisRequest, ConditionType
from analysis_operator.cli.live import view
from analysis_operator.cli.output import print_text
from analysis_operator.cli.table import render_table, unmet
from analysis_operator.local.errors import MediaMissing
from analysis_operator.local.files import MEDIA_BUCKET, load, media_of, transcript_of
from analysis_operator.local.listening import HINT, context_environment, speech_folder
from analysis_operator.local.manifests import CheckedManifest, InvalidManifest, title
from analysis_operator.local.pool import MODULES, OFFLINE
from analysis_operator.local.process import HOST, Service
from analysis_operator.local.runtime import LocalRuntime
from analysis_operator.local.s3_server import LocalStore

__all__ = ["load", "run", "serve"]

_EXAMPLES = {"audio": "synthetic", "video": "edited", "context": "scam-call"}
"""A part of the name of the sample that `serve` shows in its example call."""


async def run(manifests: Sequence[CheckedManifest], media: Path | None, out: Path, console: Console) -> bool:
    """Reconcile manifests to their end; return whether each got the outcome that it states.

    Raises:
        InvalidManifest: a manifest is not valid, or its request would wait for ever.
        StartFailed: a service does not start.
    """
    named = {name for manifest in manifests for name in manifest.spec.analyzers}
    modules = {name: module for name, module in MODULES.items() if name in named}
    async with LocalRuntime(out, modules) as runtime:
        for manifest in manifests:
            if media is not None:
                await _upload(runtime, manifest.spec.source.uri, media, console)
            if runtime.requests.put(manifest.metadata, manifest.spec).spec.suspend:
                name = title(manifest.manifest)
                raise InvalidManifest(f"{name}: spec.suspend is set, and nothing sets it to false here")
        with view(console) as show:
            requests = await runtime.finish(show)
        namespaces = {manifest.metadata.namespace for manifest in manifests}
        print_text(console, render_table(requests, namespaces=len(namespaces) > 1))
        reports = {request.metadata.uid: await runtime.collect(request) for request in requests}
    print_text(console, "\nReports:" if any(reports.values()) else "\nThere are no reports.")
    for request in requests:
        if path := reports[request.metadata.uid]:
            print_text(console, f"  {request.metadata.name}: {path}")
    if speech_folder() is None:
        print_text(console, f"\n{HINT}")
    return _check_outcomes(manifests, requests, console)


async def serve(name: str, port: int, media: Sequence[tuple[Path, str]], out: Path, console: Console) -> bool:
    """Serve one analyzer over a local S3 server until it ends or the task is cancelled.

    Raises:
        StartFailed: it does not start.
    """
    logs = out / "logs"
    store, service = LocalStore(logs), Service(name, [MODULES[name]], port, "/readyz", logs, alive="/livez")
    with store.environment():
        try:
            words = context_environment() if name == "context" else {}
            await service.start({"GUARDIAN_HOST": HOST, "GUARDIAN_PORT": str(port), **OFFLINE, **words})
            await store.start()
            for path, uri in media:
                await store.upload(path, uri)
            await service.wait_ready()
            print_text(console, _introduction(name, service.address, [uri for _, uri in media]))
            code = await service.ended()
        finally:
            await service.stop()
            await store.stop()
    return code == 0


def _introduction(name: str, address: str, recordings: Sequence[str]) -> str:
    example = next((uri for uri in recordings if _EXAMPLES[name] in uri), f"s3://{MEDIA_BUCKET}/recording")
    job = json.dumps({"id": "try", "source": {"uri": example}})
    return (
        f"The {name} analyzer listens on http://{address}. Its documentation is at http://{address}/docs.\n"
        f"Recordings: {', '.join(recordings) or 'none'}\n\n"
        f"  curl -sN http://{address}/v1/analyses -H 'Content-Type: application/json' \\\n"
        f"    -H 'Accept: application/x-ndjson' -d '{job}'\n\n"
        "Ctrl-C ends it."
    )


async def _upload(runtime: LocalRuntime, uri: str, media: Path, console: Console) -> None:
    """Upload a recording. If it is missing, the request itself fails with SourceNotFound."""
    try:
        path = media_of(uri, media)
    except MediaMissing as error:
        print_text(console, f"Not uploaded: {error}.")
    else:
        for file, target in [(path, uri), *transcript_of(path, uri)]:
            await runtime.upload(file, target)


def _check_outcomes(
    manifests: Sequence[CheckedManifest], requests: Sequence[AnalysisRequest], console: Console
) -> bool:
    by_key = {(request.metadata.namespace, request.metadata.name): request for request in requests}
    failed = 0
    for manifest in manifests:
        request = by_key[manifest.key]
        for problem in unmet(manifest.manifest, request):
            failed += 1
            print_text(console, f"\n{request.metadata.name}: {problem}. {_message(request)}", style="red")
    if not failed:
        print_text(
            console, f"\nAll {len(manifests)} requests got the outcome that their manifests state.", style="green"
        )
    return not failed


def _message(request: AnalysisRequest) -> str:
    condition = request.status.condition(ConditionType.SUCCEEDED)
    return condition.message if condition else ""
