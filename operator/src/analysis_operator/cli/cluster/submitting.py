"""`submit`: make a request, uploading its recording first, and follow it to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from analysis_operator.api import AnalysisRequest
from analysis_operator.cli.cluster import storage
from analysis_operator.cli.cluster.errors import NameTaken, NotThere, Refused
from analysis_operator.cli.cluster.following import followed
from analysis_operator.cli.cluster.models import request_of
from analysis_operator.cli.cluster.printing import Format, Lines, print_objects, print_wrapped
from analysis_operator.cli.live import VERDICT_STYLE, view
from analysis_operator.cli.output import print_text
from analysis_operator.report.words import words

if TYPE_CHECKING:
    from analysis_operator.cli.cluster.client import Cluster
    from analysis_operator.kube.objects import KubeObject

EXIT_BY_VERDICT = {"NoEvidence": 0, "LikelyFake": 10, "Suspicious": 11, "Inconclusive": 12}
"""Of `submit --wait`. 1: no verdict, or an error; 2: wrong arguments. So 0 alone means that nothing was found."""
EXIT_NO_VERDICT = 1


@dataclass(frozen=True, slots=True)
class Order:
    """What `submit` was asked for. ``timeout`` None: as long as it takes."""

    recording: str
    name: str | None
    folder: str | None
    analyzers: Sequence[str]
    refresh: bool
    wait: bool
    timeout: float | None
    output: Format


async def submit(cluster: Cluster, order: Order) -> int:
    """Make the request; return the exit code."""
    name = order.name or storage.name_for(order.recording)
    source = {"uri": order.recording}
    console = Lines() if order.output is Format.TABLE else Console(stderr=True)
    if not order.recording.startswith("s3://"):
        source = await _uploaded(cluster, order, name, console)
    spec: dict[str, object] = {"source": source}
    if order.analyzers:
        spec["analyzers"] = list(order.analyzers)
    if order.refresh:
        spec["refresh"] = True
    created = await cluster.create(name, spec)
    if order.output is Format.TABLE:
        print_text(console, f"{name} is asked for in namespace {cluster.namespace}: {source['uri']}")
    if not order.wait:
        if order.output is Format.TABLE:
            print_text(console, f"To follow it: kubectl guardian why {name} -n {cluster.namespace}")
        else:
            print_objects([created], order.output, alone=True)
        return 0
    raw = await _follow(cluster, name, order.timeout, console)
    if order.output is not Format.TABLE:
        print_objects([raw], order.output, alone=True)
        return EXIT_BY_VERDICT.get(str(raw["status"].get("verdict")), EXIT_NO_VERDICT)
    return _print_end(console, request_of(raw))


async def _uploaded(cluster: Cluster, order: Order, name: str, console: Console) -> dict[str, str]:
    """Upload the file, and return what the request names as its source."""
    file, size = _file_of(order.recording)
    if not order.folder:
        raise Refused(
            f"Where should {file.name} be uploaded to? Name --to s3://BUCKET/PREFIX/, or set GUARDIAN_UPLOAD."
        )
    uri = storage.target_for(file, order.folder, name)
    await _check_free(cluster, name)
    columns = (TextColumn("Uploading"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=size)
        sha256 = await asyncio.to_thread(storage.upload, file, uri, lambda count: bar.update(task, advance=count))
    return {"uri": uri, "sha256": sha256}


def _file_of(recording: str) -> tuple[Path, int]:
    """Return a file and its size."""
    file = Path(recording)
    if not file.is_file():
        raise Refused(f"There is no file {file}: name a recording, or an object as s3://BUCKET/KEY.")
    return file, file.stat().st_size


async def _check_free(cluster: Cluster, name: str) -> None:
    """Look for the name before anything is uploaded under it."""
    try:
        await cluster.request(name)
    except NotThere:
        return
    raise NameTaken(f"There is a request {name} in namespace {cluster.namespace} already: give another --name.")


async def _follow(cluster: Cluster, name: str, timeout: float | None, console: Console) -> KubeObject:
    """Show a request until it has ended, and return it as it is then."""
    with view(console) as show:

        def has_ended(raw: KubeObject) -> bool:
            request = request_of(raw)
            show([request])
            return request.status.finished

        return await followed(
            name, lambda: cluster.request(name), has_ended, timeout=timeout, hint=f"kubectl guardian why {name}"
        )


def _print_end(console: Console, request: AnalysisRequest) -> int:
    status, name = request.status, request.metadata.name
    if status.verdict is None:
        print_text(console, f"{name}: no verdict", "bold red")
    else:
        verdict = str(status.verdict)
        print_text(console, f"{name}: {words(verdict)}, score {status.score} of 100", VERDICT_STYLE.get(verdict, ""))
    for entry in status.analyses:
        print_wrapped(console, f"{entry.name}: {entry.message or entry.reason}", indent="  ")
    if status.report_uri:
        print_text(console, f"Report: kubectl guardian report {name}")
    if status.verdict is None:
        print_text(console, f"What to do: kubectl guardian why {name}")
    return EXIT_BY_VERDICT.get(str(status.verdict), EXIT_NO_VERDICT)
