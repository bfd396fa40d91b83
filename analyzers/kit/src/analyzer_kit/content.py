"""Whether an object has the content that its job states, by its SHA-256."""

from __future__ import annotations

import hashlib
from pathlib import Path

from analyzer_contract import FailureReason, SourceFacts, SourceObject
from analyzer_kit.errors import AnalysisError


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file, in bounded memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checked(source: SourceObject, facts: SourceFacts, found: str) -> SourceFacts:
    """Return the facts of an object with the SHA-256 that it was found to have.

    Raises:
        AnalysisError: SourceMismatch: the job states another one.
    """
    if found != source.sha256:
        message = (
            f"{source.uri} is not the recording that was named: its SHA-256 is {found}, and {source.sha256} is stated. "
            "Nothing was analysed. Upload it again, or state the SHA-256 that it has."
        )
        raise AnalysisError(FailureReason.SOURCE_MISMATCH, message)
    return facts.model_copy(update={"sha256": found})
