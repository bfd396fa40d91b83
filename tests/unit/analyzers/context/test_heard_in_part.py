"""A call for which there was not time enough: what was heard of it is judged, and it is said how much that was."""

from __future__ import annotations

import json

from analyzer_contract import Verdict
from context_analyzer.reading import Transcription
from context_analyzer.transcript import read_transcript
from ml.context.scripts import load_calls, transcribed
from tests.support.analyzers.words import assessed

CALLS = {call.name: call for call in load_calls()}


def heard(name: str, share: float) -> Transcription:
    content = json.loads(transcribed(CALLS[name])) | {"heardShare": share}
    return Transcription.of(read_transcript(json.dumps(content).encode()))


def test_a_fraud_is_told_by_its_beginning() -> None:
    found = assessed(heard("en-grandchild-accident", 0.4))
    assert (found.verdict, found.examined_share) == (Verdict.SUSPICIOUS, 0.4)
    (gap,) = found.unexamined
    assert gap.endswith("Heard: 40 %.")
    assert "HeardInPart" in {finding.kind for report in found.detectors for finding in report.findings}


def test_of_an_honest_beginning_the_rest_is_named_as_not_examined() -> None:
    found = assessed(heard("en-doctor", 0.4))
    assert (found.verdict, found.examined_share) == (Verdict.NO_EVIDENCE, 0.4)
    assert len(found.unexamined) == 1


def test_a_whole_call_has_no_such_limit() -> None:
    found = assessed(heard("en-doctor", 1))
    assert (found.examined_share, found.unexamined) == (1, [])
