"""Read resources as this version knows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from analysis_operator.api import AnalysisBatch, AnalysisRequest, Analyzer
from analysis_operator.cli.cluster.errors import Refused

_ANOTHER_VERSION = "The cluster has another version of Silver Guardian than this command: update it."


def request_of(raw: Mapping[str, Any]) -> AnalysisRequest:
    """Return a request. Raises Refused if it is of a version that this command does not know."""
    try:
        return AnalysisRequest.model_validate(raw)
    except ValidationError as error:
        raise Refused(_ANOTHER_VERSION) from error


def batch_of(raw: Mapping[str, Any]) -> AnalysisBatch:
    """Return a batch. Raises Refused as :func:`request_of` does."""
    try:
        return AnalysisBatch.model_validate(raw)
    except ValidationError as error:
        raise Refused(_ANOTHER_VERSION) from error


def analyzers_of(raws: Sequence[Mapping[str, Any]] | None) -> list[Analyzer] | None:
    """Return Analyzers; None stays None. Raises Refused as :func:`request_of` does."""
    try:
        return None if raws is None else [Analyzer.model_validate(raw) for raw in raws]
    except ValidationError as error:
        raise Refused(_ANOTHER_VERSION) from error
