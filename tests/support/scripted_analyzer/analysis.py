"""The scripted detector: reads its orders from the object and obeys."""

from __future__ import annotations

import os
import signal
import tempfile
import time
import zlib
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from analyzer_contract import DetectorReport, FailureReason, Finding, MediaFacts, ModelCard, Verdict, Wire
from analyzer_kit.analysis import Assessment, Caps, Models, ProgressCallback, Trust
from analyzer_kit.errors import AnalysisError

_STEP_SECONDS = 0.1
_GREED_BYTES = 16 * 1024 * 1024
_MET_BYTES = 1024 * 1024

_MET = Path(tempfile.gettempdir()) / "scripted-met"

_met = -1
"""The open list of what was met before."""


class Script(Wire):
    """What to do: first ``seconds`` of work with progress, then the crash, the failure, or the verdict."""

    seconds: float = Field(default=0, ge=0)
    burn: bool = Field(default=False, description="Spend the seconds on the CPU instead of waiting.")
    verdict: Verdict = Verdict.NO_EVIDENCE
    score: int = Field(default=0, ge=0, le=100)
    examined: float = Field(default=1, ge=0, le=1, description="The share that it says it examined.")
    findings: list[Finding] = Field(default_factory=list)
    fail: FailureReason | None = Field(default=None, description="End with this reason.")
    crash: Literal["sigkill", "sigsegv", "exit", "oom", "hang", "silent"] | None = None
    once: bool = Field(default=False, description="Crash only the first time this container sees the object.")


def analyze(recording: Path, plot: Path, _caps: Caps, report: ProgressCallback) -> Assessment:
    """Obey the script in ``recording``.

    Raises:
        AnalysisError: the script asks for it, or is not one (UnsupportedMedia).
    """
    return obey(recording.read_bytes(), plot, report)


def obey(content: bytes, plot: Path, report: ProgressCallback) -> Assessment:
    """Obey a script.

    Raises:
        AnalysisError: the script asks for it, or is not one (UnsupportedMedia).
    """
    try:
        script = Script.model_validate_json(content)
    except ValidationError as error:
        raise AnalysisError(FailureReason.UNSUPPORTED_MEDIA, f"Not a script: {error}") from error
    _work(script, report)
    if script.crash is not None and not (script.once and _seen(content)):
        _crash(script.crash)
    if script.fail is not None:
        raise AnalysisError(script.fail, "The script says so.")
    plot.write_bytes(b"")
    detector = DetectorReport(
        name="Scripted",
        score=script.score,
        findings=script.findings,
        limitations=["This is a test: nothing was analysed."],
        model=ModelCard(id="scripted", version="1"),
    )
    return Assessment(
        media=MediaFacts(container="script"),
        verdict=script.verdict,
        score=script.score,
        summary="A script said so.",
        examined_share=script.examined,
        unexamined=[] if script.examined == 1 else ["The script left out the rest."],
        detectors=[detector],
    )


def warm_up(_caps: Caps, _models: Models, _trust: Trust) -> None:
    """Open the list of what was met before, which a child could not. That of a container outlives its restarts."""
    global _met  # noqa: PLW0603 - a process has one
    flags = os.O_RDWR | os.O_APPEND
    if os.getppid() == 1:
        _met = os.open(_MET, flags | os.O_CREAT, 0o600)
    else:
        _met = os.open(tempfile.gettempdir(), flags | os.O_TMPFILE, 0o600)


def _work(script: Script, report: ProgressCallback) -> None:
    start = time.monotonic()
    while (spent := time.monotonic() - start) < script.seconds:
        report("script", spent / script.seconds)
        if not script.burn:
            time.sleep(min(_STEP_SECONDS, script.seconds - spent))


def _seen(content: bytes) -> bool:
    """Return whether this content was met before, by any child of this container."""
    mark = f"{zlib.crc32(content):08x}\n".encode()
    if mark in os.pread(_met, _MET_BYTES, 0):
        return True
    os.write(_met, mark)
    return False


def _crash(how: str) -> None:
    match how:
        case "sigkill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "sigsegv":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "exit":
            os._exit(3)
        case "oom":
            hoard = []
            while True:
                hoard.append(bytearray(_GREED_BYTES))
        case _:  # hang, and be silent about it
            while True:
                signal.pause()
