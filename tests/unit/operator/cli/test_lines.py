"""The lines of `guardian analyze --output jsonl`: others read them, so that their form does not change."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from analysis_operator.api import (
    AnalysisRequest,
    AnalysisState,
    AnalysisStatus,
    Condition,
    ConditionType,
    RequestStatus,
)
from analysis_operator.cli.lines import line_of, schema
from analysis_operator.local.batch import File, FileOutcome
from analyzer_contract import (
    AnalysisReport,
    DetectorReport,
    Finding,
    MediaFacts,
    ModelCard,
    SourceFacts,
    TimelinePoint,
    Verdict,
)
from tests.support.operator.requests import NOW, request

ROOT = Path(__file__).parents[4]
GOLDEN = Path(__file__).with_name("lines.golden.jsonl")


def ended(**status: Any) -> AnalysisRequest:
    reason = status.pop("reason", "Completed")
    condition = Condition(
        type=ConditionType.SUCCEEDED, status="True", reason=reason, message="In a sentence.", last_transition_time=NOW
    )
    times = {"started_at": NOW, "finished_at": NOW + timedelta(seconds=1.9)}
    return request().model_copy(update={"status": RequestStatus(conditions=[condition], **times, **status)})


def result() -> AnalysisReport:
    finding = Finding(kind="RepeatedAudio", start_seconds=12.4, end_seconds=14.5, score=71, message="Twice.")
    detector = DetectorReport(
        name="RepeatedAudio",
        score=71,
        findings=[finding],
        limitations=["It says nothing of voices."],
        timeline=[TimelinePoint(start_seconds=0, end_seconds=1, score=3)],
        model=ModelCard(id="x", version="1"),
    )
    unsure = detector.model_copy(
        update={"name": "SyntheticSpeech", "score": 0, "claim": Verdict.INCONCLUSIVE, "findings": []}
    )
    return AnalysisReport(
        id="uid-1.audio",
        analyzer="audio",
        source=SourceFacts(etag="e", size_bytes=1),
        media=MediaFacts(duration_seconds=60),
        verdict=Verdict.SUSPICIOUS,
        score=71,
        summary="Twice.",
        examined_share=0.955,
        unexamined=["The second track was not heard."],
        detectors=[detector, unsure],
    )


def outcomes() -> list[FileOutcome]:
    """One of each kind."""
    audio = AnalysisStatus(
        name="audio", state=AnalysisState.SUCCEEDED, verdict=Verdict.SUSPICIOUS, score=71, message="Twice."
    )
    skipped = AnalysisStatus(name="video", state=AnalysisState.SKIPPED, reason="NoVideoStream", message="No picture.")
    failed = AnalysisStatus(name="audio", state=AnalysisState.FAILED, reason="WorkerCrashed", message="It broke.")
    suspicious = ended(verdict=Verdict.SUSPICIOUS, score=71, analyses=[audio, skipped])
    return [
        FileOutcome(File(Path("calls/0412.m4a")), suspicious, {"audio": result()}),
        FileOutcome(File(Path("broken.wav")), ended(reason="WorkerCrashed", analyses=[failed])),
        FileOutcome(File(Path("gone.wav")), reason="SourceNotFound", message="There is no file gone.wav."),
        FileOutcome(
            File(Path(os.fsdecode(b"\xec\xa0\x84\xed\x99\x94 \xff.wav"))), reason="SourceForbidden", message="No."
        ),
    ]


def test_the_lines_are_those_that_others_have_learnt_to_read() -> None:
    """Fields may be added here. Whoever has to change or remove one makes a new schemaVersion."""
    lines = [line_of(outcome).model_dump_json(by_alias=True) for outcome in outcomes()]
    assert lines == GOLDEN.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("line", GOLDEN.read_text(encoding="utf-8").splitlines())
def test_a_line_is_what_the_schema_says(line: str) -> None:
    jsonschema.validate(json.loads(line), json.loads(schema()))


def test_the_schema_and_the_example_of_the_documentation_are_up_to_date() -> None:
    assert (ROOT / "docs" / "analyze-line.schema.json").read_text(encoding="utf-8") == schema(), "run make generate"
    page = (ROOT / "docs" / "analyze.md").read_text(encoding="utf-8")
    jsonschema.validate(json.loads(page.partition("```json\n")[2].partition("```")[0]), json.loads(schema()))


def test_no_field_may_be_left_out() -> None:
    models = json.loads(schema())
    for model in [models, *models["$defs"].values()]:
        if "properties" in model:
            assert sorted(model["required"]) == sorted(model["properties"])
