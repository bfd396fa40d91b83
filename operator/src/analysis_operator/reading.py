"""Read what an analyzer says, which may be of a newer version: what this one does not know ends nothing. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import from_json

from analyzer_contract import (
    EVENT,
    MOST_DETECTORS,
    MOST_FINDINGS,
    MOST_POINTS,
    AnalysisReport,
    CredentialState,
    Failure,
    FailureKind,
    FailureReason,
    Outcome,
    Progress,
    Result,
    Unchanged,
    Verdict,
    left_out,
)

_TYPES = frozenset(
    kind for event in (Progress, Result, Unchanged, Failure) for kind in get_args(event.model_fields["type"].annotation)
)
_LONGEST_WORD = 63
_REASONS = {
    FailureKind.MEDIA: FailureReason.UNSUPPORTED_MEDIA,
    FailureKind.SOURCE: FailureReason.SOURCE_UNAVAILABLE,
    FailureKind.INTERNAL: FailureReason.INTERNAL_ERROR,
    FailureKind.DEADLINE: FailureReason.DEADLINE_EXCEEDED,
}
"""What a reason that is not known here is taken for. Who is at fault, which decides about other attempts, stays."""


def read_event(line: bytes) -> Progress | Outcome | None:
    """Return what a line of the stream says; None: it is of a type that this version does not know.

    Raises:
        ValueError: it is not of the contract; the message says why in one sentence.
    """
    said = from_json(line)
    if not isinstance(said, dict):
        raise ValueError("a line is no object")
    kind = said.get("type")
    if _is_word(kind) and kind not in _TYPES:
        return None
    try:
        return EVENT.validate_python(_with_known_failure(said) if kind == "error" else _with_known_verdict(said))
    except ValidationError as error:
        raise ValueError(error.errors(include_url=False)[0]["msg"]) from error


def read_report(content: bytes) -> AnalysisReport:
    """Return the whole result of an analysis. Raises ValidationError."""
    try:
        said = from_json(content)
    except ValueError:
        return AnalysisReport.model_validate_json(content)  # it says where
    if isinstance(said, dict):
        said = dict(_with_known_verdict(said))
        if isinstance(said.get("detectors"), list):
            said["detectors"] = _reduced(said["detectors"])
        for detector in _listed(said.get("detectors")):
            if isinstance(detector, dict) and _is_new(detector.get("claim"), Verdict):
                detector["claim"] = Verdict.INCONCLUSIVE
        credentials = said.get("credentials")
        if isinstance(credentials, dict) and _is_new(credentials.get("state"), CredentialState):
            credentials["state"] = CredentialState.UNREADABLE
    return AnalysisReport.model_validate(said)


def _reduced(said: object) -> list[object]:
    """Return detectors without what is more than a result holds: the weakest findings, and timelines at the end."""
    detectors = [dict(one) if isinstance(one, dict) else one for one in _listed(said)[:MOST_DETECTORS]]
    known = [one for one in detectors if isinstance(one, dict)]
    room = MOST_POINTS
    for detector in known:
        points = len(_listed(detector.get("timeline")))
        if points > room:
            detector["timeline"] = []
        else:
            room -= points
    every = [(_score(it), number, at) for number, one in enumerate(known) for at, it in enumerate(_findings(one))]
    if len(every) > MOST_FINDINGS:
        kept = {place[1:] for place in sorted(every, key=lambda place: -place[0])[:MOST_FINDINGS]}
        for number, detector in enumerate(known):
            findings = _findings(detector)
            detector["findings"] = [it for at, it in enumerate(findings) if (number, at) in kept]
            if missing := len(findings) - len(detector["findings"]):
                detector["limitations"] = left_out(_listed(detector.get("limitations")), missing)
    return detectors


def _listed(said: object) -> list[Any]:
    return said if isinstance(said, list) else []


def _findings(detector: Mapping[str, Any]) -> list[Any]:
    return _listed(detector.get("findings"))


def _score(finding: object) -> float:
    score = finding.get("score") if isinstance(finding, dict) else None
    return score if isinstance(score, int | float) else 0.0


def _with_known_verdict(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a result whose verdict is one that this version knows: one that it cannot understand leaves it open."""
    verdict = said.get("verdict")
    if not _is_new(verdict, Verdict):
        return said
    summary = f"The analyzer says {verdict}, which this version of the operator does not know: upgrade the operator."
    return {**said, "verdict": Verdict.INCONCLUSIVE, "summary": summary}


def _with_known_failure(said: Mapping[str, Any]) -> Mapping[str, Any]:
    kind, reason, message = said.get("kind"), said.get("reason"), said.get("message")
    if _is_new(kind, FailureKind):
        kind = FailureKind.INTERNAL
    if _is_new(reason, FailureReason) and isinstance(kind, str) and kind in set(FailureKind):
        known = _REASONS[FailureKind(kind)]
        return {**said, "kind": kind, "reason": known, "message": f"{reason}: {message}"[:1000]}
    return {**said, "kind": kind}


def _is_new(word: object, known: type[CredentialState | Verdict | FailureKind | FailureReason]) -> bool:
    return _is_word(word) and word not in set(known)


def _is_word(word: object) -> bool:
    return isinstance(word, str) and word.isascii() and word.isalpha() and len(word) <= _LONGEST_WORD
