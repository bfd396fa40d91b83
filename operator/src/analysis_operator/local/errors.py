"""Errors of the embedded runtime. Their messages say what to do."""

from __future__ import annotations

from analysis_operator.errors import OperatorError


class LocalError(OperatorError):
    """Base of the embedded runtime's errors."""


class StartFailed(LocalError):
    """A service did not come up."""


class MediaMissing(LocalError):
    """A recording that a request names is not among the media."""


class ManifestUnreadable(LocalError):
    """A file is not YAML, or holds no AnalysisRequest."""
