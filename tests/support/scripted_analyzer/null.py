"""The null analysis: a fixed result at once, without S3 and without a child."""

from __future__ import annotations

from analyzer_contract import AnalysisJob, Progress, Result, SourceFacts, Verdict
from analyzer_kit.stages import Attended, Emit

_NOTHING = SourceFacts(etag="00000000000000000000000000000000", size_bytes=0)
_RESULT = Result(verdict=Verdict.NO_EVIDENCE, score=0, summary="Null analysis.", source=_NOTHING, seconds=0)


class NullBackend:
    """Answers every job alike."""

    ready = True
    alive = True
    problem = ""
    worker_starts = 0

    async def start(self) -> None:
        """Do nothing: there is nothing to get ready."""

    async def stop(self) -> None:
        """Do nothing: there is nothing to end."""

    async def run(self, _job: AnalysisJob, emit: Emit, _attended: Attended) -> Result:
        """Return the fixed result, after one progress line as in every stream."""
        emit(Progress(stage="null", fraction=1, source=_NOTHING))
        return _RESULT
