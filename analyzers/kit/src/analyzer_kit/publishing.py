"""From an assessment to the results in S3 and the last line of the stream."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from concurrent.futures import Executor

from analyzer_contract import AnalysisJob, AnalysisReport, Result, SourceFacts
from analyzer_contract.evidence import strongest_evidence
from analyzer_kit.analysis import Assessment
from analyzer_kit.reports import bounded
from analyzer_kit.s3 import ObjectStore
from analyzer_kit.stages import ANALYSIS_SHARE, Stages


class Publisher:
    """The upload of one analyzer's results.

    Args:
        analyzer: names the objects.
        store: where they go.
        threads: that may wait for it.
    """

    def __init__(self, analyzer: str, store: ObjectStore, threads: Executor) -> None:
        self._analyzer = analyzer
        self._store = store
        self._threads = threads

    async def publish(
        self,
        job: AnalysisJob,
        facts: SourceFacts,
        assessment: Assessment,
        picture: bytes,
        clock: Stages,
        *,
        fingerprint: str | None,
    ) -> Result:
        """Upload the whole result, if the job says where to, and return the last line of the stream.

        Raises:
            AnalysisError: ResultsUnavailable.
        """
        clock.enter("upload", ANALYSIS_SHARE[1])
        uri, digest = await self._upload(job, facts, assessment, picture, clock)
        return Result(
            verdict=assessment.verdict,
            score=assessment.score,
            summary=assessment.summary,
            examined_share=assessment.examined_share,
            unexamined=assessment.unexamined,
            findings=strongest_evidence(assessment.detectors),
            source=facts,
            result_uri=uri,
            result_sha256=digest,
            fingerprint=fingerprint,
            seconds=clock.total(),
        )

    async def _upload(
        self, job: AnalysisJob, facts: SourceFacts, assessment: Assessment, picture: bytes, clock: Stages
    ) -> tuple[str | None, str | None]:
        if job.result_prefix is None:
            return None, None
        report = AnalysisReport(
            id=job.id,
            analyzer=self._analyzer,
            source=facts,
            media=assessment.media,
            verdict=assessment.verdict,
            score=assessment.score,
            summary=assessment.summary,
            examined_share=assessment.examined_share,
            unexamined=assessment.unexamined,
            detectors=bounded(assessment.detectors),
            transcript=assessment.transcript,
            transcript_source=assessment.transcript_source,
            seconds=clock.so_far(),
        )
        body = report.model_dump_json(by_alias=True, exclude_none=True).encode()
        uri = f"{job.result_prefix}{self._analyzer}"

        def put() -> None:  # the report last: where it is, the plot is, too
            self._store.put(f"{uri}.png", picture, "image/png", clock.remaining(), cancelled)
            self._store.put(f"{uri}.json", body, "application/json", clock.remaining(), cancelled)

        cancelled = threading.Event()
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, put)
        finally:
            cancelled.set()
        return f"{uri}.json", hashlib.sha256(body).hexdigest()
