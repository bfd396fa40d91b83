"""``guardian verify``: are these results and this report those that the request's status vouches for?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
import yaml
from pydantic import ValidationError

from analysis_operator.api import AnalysisRequest

_EXIT_FAILED, _EXIT_USAGE = 1, 2
_REPORT = "report.html"


def verify(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILES", exists=True, dir_okay=False, help="report.html, audio.json and so on."),
    ],
    request: Annotated[
        typer.FileBinaryRead,
        typer.Option(help="The AnalysisRequest, as kubectl get areq NAME -o yaml writes it. - is standard input."),
    ],
) -> None:
    """Check downloaded results and reports against the SHA-256 in the status of their request.

    Exit code 0: each is what was written. 1: one is not, or the status does not vouch for it. 2: that is no request.
    """
    try:
        known = dict(_vouched(AnalysisRequest.model_validate(yaml.safe_load(request))))
    except (ValidationError, yaml.YAMLError, TypeError) as error:
        typer.echo("Error: this is no AnalysisRequest with its status: kubectl get areq NAME -o yaml", err=True)
        raise typer.Exit(_EXIT_USAGE) from error
    good = True
    for file in files:
        expected = known.get(file.name)
        if expected is None:
            sentence = "the status does not vouch for it"
        elif hashlib.sha256(file.read_bytes()).hexdigest() != expected:
            sentence = "CHANGED since it was written"
        else:
            sentence = "as it was written"
        good = good and sentence == "as it was written"
        print(f"{file}: {sentence}")
    if not good:
        raise typer.Exit(_EXIT_FAILED)


def _vouched(request: AnalysisRequest) -> Iterator[tuple[str, str]]:
    """Yield the names of the files that a status knows, and their SHA-256."""
    if request.status.report_sha256:
        yield _REPORT, request.status.report_sha256
    for entry in request.status.analyses:
        if entry.result_sha256:
            yield f"{entry.name}.json", entry.result_sha256
