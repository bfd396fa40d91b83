"""What the operator asks of the report, and what it learns of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from analysis_operator.api import AnalysisRequest, RequestStatus


@dataclass(frozen=True, slots=True)
class HelpLine:
    """A number to call, and who answers. The languages have their own, and are not imported before they are needed."""

    number: str
    who: str


type Phones = Mapping[str, Sequence[HelpLine]]
"""Numbers to call, by language."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the page: written at `uri`, or not written because of `problem`, or written without a part."""

    uri: str | None = None
    problem: str = ""
    sha256: str | None = None
    """Of what was written."""


class ReportWriter(Protocol):
    """Writes the page for people."""

    async def write(self, request: AnalysisRequest, status: RequestStatus, prefix: str) -> Report:
        """Write the page from the results that the status names.

        Args:
            request: what the page is about.
            status: its analyses and its verdict, which is not yet published.
            prefix: where results and the page lie, as ``s3://BUCKET/FOLDERS/``.

        Returns:
            The page's address, or what went wrong. Nothing is raised.
        """
