"""Read what an analyzer says, which may be of a newer version: what this one does not know ends nothing. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import from_json

from analyzer_contract import (
    EVENT,
    AnalysisReport,
    CredentialState,
    Failure,
    FailureKind,
    FailureReason,
    Progress,
    Result,
    Verdict,
)

_TYPES = frozenset(
    kind for event in (Progress, Result, Failure) for kind in get_args(event.model_fields["type"].annotation)
)
_LONGEST_WORD = 63
_REASONS = {
    FailureKind.MEDIA: FailureReason.UNSUPPORTED_MEDIA,
    FailureKind.SOURCE: FailureReason.SOURCE_UNAVAILABLE,
    FailureKind.INTERNAL: FailureReason.INTERNAL_ERROR,
    FailureKind.DEADLINE: FailureReason.DEADLINE_EXCEEDED,
}
"""What a reason that is not known here is taken for. Who is at fault, which decides about other attempts, stays."""


def read_event(line: bytes) -> Progress | Result | Failure | None:
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
        for detector in said["detectors"] if isinstance(said.get("detectors"), list) else ():
            if isinstance(detector, dict) and _is_new(detector.get("claim"), Verdict):
                detector["claim"] = Verdict.INCONCLUSIVE
        credentials = said.get("credentials")
        if isinstance(credentials, dict) and _is_new(credentials.get("state"), CredentialState):
            credentials["state"] = CredentialState.UNREADABLE
    return AnalysisReport.model_validate(said)


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
