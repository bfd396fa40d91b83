"""What a person sees of `guardian analyze`, on a terminal and in a pipe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis_operator.api import (
    AnalysisRequest,
    AnalysisState,
    AnalysisStatus,
    Condition,
    ConditionType,
    RequestStatus,
)
from analysis_operator.cli.analyzing import Printer
from analysis_operator.cli.output import Output
from analysis_operator.local.batch import File, FileOutcome
from analyzer_contract import Verdict
from tests.support.operator.requests import NOW, request


def ended(verdict: Verdict | None, reason: str = "Completed") -> AnalysisRequest:
    condition = Condition(
        type=ConditionType.SUCCEEDED, status="True", reason=reason, message="So it ended.", last_transition_time=NOW
    )
    entry = AnalysisStatus(name="audio", state=AnalysisState.SUCCEEDED, verdict=verdict, score=71, message="A loop.")
    status = RequestStatus(verdict=verdict, score=71 if verdict else None, analyses=[entry], conditions=[condition])
    return request().model_copy(update={"status": status})


FOLDER = [
    FileOutcome(File(Path("a.wav")), ended(Verdict.NO_EVIDENCE)),
    FileOutcome(File(Path("[red]:fire:.wav")), ended(Verdict.SUSPICIOUS), report=Path("out/report.html")),
    FileOutcome(File(Path("notes.txt"), named=False), ended(None, "UnsupportedMedia")),
]


def shown(outcomes: list[FileOutcome], output: Output = Output.TEXT) -> Printer:
    with Printer(len(outcomes), output) as printer:
        for outcome in outcomes:
            printer.progress(outcome.file, 50)
            printer.ended(outcome)
    return printer


def test_in_a_pipe_there_are_lines_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    printer = shown(FOLDER)
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines() == [
        "No evidence   71  a.wav",
        "Suspicious    71  [red]:fire:.wav",
        "                  A loop.",
        "                  Report: out/report.html",
        "No verdict        notes.txt",
        "                  UnsupportedMedia: So it ended.",
    ]
    assert printer.summary().endswith("a minute: 1 no evidence, 1 suspicious, 1 no verdict.")


def test_on_a_terminal_a_bar_stands_below_the_lines_and_takes_none_of_their_colour(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    shown(FOLDER)
    out, err = capsys.readouterr()
    assert err == ""
    assert "1 of 3" in out
    assert "\x1b[33m1 of 3" not in out
    assert "\x1b[33mSuspicious    71  [red]:fire:.wav\x1b[0m\n" in out
    assert out.endswith("UnsupportedMedia: So it ended.\n") or "\x1b[?25h" in out.rsplit("\n", 3)[-1]


def test_json_lines_stay_json_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown([FOLDER[0]], Output.JSONL)
    assert json.loads(capsys.readouterr().out)["path"] == "a.wav"
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown([FOLDER[0]], Output.JSONL)
    (line,) = [line for line in capsys.readouterr().out.replace("\r", "\n").splitlines() if '"path"' in line]
    assert json.loads(line[line.index("{") : line.rindex("}") + 1])["path"] == "a.wav"


@pytest.mark.parametrize(
    ("outcome", "failed"),
    [
        (FOLDER[0], 0),
        (FOLDER[2], 0),
        (FileOutcome(File(Path("notes.txt")), ended(None, "UnsupportedMedia")), 1),
        (FileOutcome(File(Path("cut.mp4"), named=False), ended(None, "CorruptMedia")), 1),
        (FileOutcome(File(Path("gone.wav")), reason="SourceNotFound"), 1),
    ],
)
def test_what_only_lies_in_a_folder_and_is_no_recording_does_not_count(outcome: FileOutcome, failed: int) -> None:
    assert shown([outcome]).failed == failed
