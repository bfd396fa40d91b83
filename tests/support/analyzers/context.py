"""What the context analyzer leaves in S3: its transcription jobs, its reports and their findings."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from analyzer_contract import AnalysisReport, Result, SourceFacts, SourceObject
from analyzer_kit.s3 import ObjectStore
from context_analyzer.settings import ContextSettings
from context_analyzer.transcriber import Transcriber

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TRANSCRIPTS = "s3://results/transcripts/"


def job_of(s3: S3Client, uri: str) -> str:
    """Return the name of the transcription job of an object."""
    etag = s3.head_object(Bucket="media", Key=uri.removeprefix("s3://media/"))["ETag"].strip('"')
    settings = ContextSettings(context_transcripts=TRANSCRIPTS)
    store = ObjectStore(connect_seconds=1, read_seconds=1, retry_seconds=1, max_bytes=1)
    with ThreadPoolExecutor(1) as threads:
        transcriber = Transcriber(settings, store, threads)
        return transcriber.job_name(SourceObject(uri=uri), SourceFacts(etag=etag, size_bytes=1))


def report_of(s3: S3Client, result: Result) -> AnalysisReport:
    """Return the report that a result names."""
    assert result.result_uri is not None
    key = result.result_uri.removeprefix("s3://results/")
    return AnalysisReport.model_validate_json(s3.get_object(Bucket="results", Key=key)["Body"].read())


def kinds(report: AnalysisReport) -> set[str]:
    """Return the kinds of all findings of a report."""
    return {finding.kind for detector in report.detectors for finding in detector.findings}
