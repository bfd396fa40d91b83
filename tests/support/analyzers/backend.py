"""An analyzer's backend that answers when a test lets it, without children or S3."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from analyzer_contract import AnalysisJob, Progress, Result, SourceFacts, Verdict
from analyzer_kit.stages import Attended, Emit

FACTS = SourceFacts(etag="0", size_bytes=0)
RESULT = Result(verdict=Verdict.NO_EVIDENCE, score=0, summary="", source=FACTS, seconds=0)
JOB = {"id": "one", "source": {"uri": "s3://media/key"}}


@dataclass
class Chatty:
    """A backend that says a great deal of progress before its result."""

    lines: int = 1
    ready: bool = True
    alive: bool = True
    problem: str = ""
    worker_starts: int = 0
    uploads: int = 0
    computed: bool = False
    runs: list[str] = field(default_factory=list)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_end.set()

    async def start(self) -> None:
        """Nothing to get ready."""

    async def stop(self) -> None:
        """Nothing to end."""

    async def run(self, job: AnalysisJob, emit: Emit, attended: Attended) -> Result:
        """Progress, never waiting for anybody to read it; then, if it is patient, the result when it is asked for."""
        self.runs.append(job.id)
        for number in range(self.lines):
            emit(Progress(stage="talk", fraction=number / self.lines))
        await self.may_end.wait()
        self.computed = True
        await attended()
        self.uploads += 1
        return RESULT
