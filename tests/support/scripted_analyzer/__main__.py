"""Serves the scripted analyzer."""

from __future__ import annotations

import os

from analyzer_contract import AnalysisJob, Result, SourceFacts, Verdict
from analyzer_kit.backend import Emit
from analyzer_kit.detector import Analyzer
from analyzer_kit.server import main

ANALYZER = Analyzer(name="scripted", version="1", module=f"{__package__}.script", port=8000)


class NullBackend:
    """Does nothing, at once."""

    ready = True
    alive = True
    worker_starts = 0

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to stop."""

    async def run(self, job: AnalysisJob, emit: Emit) -> Result:
        """Answer at once."""
        return Result(verdict=Verdict.NO_EVIDENCE, score=0, source=SourceFacts(etag="null", size_bytes=0), seconds=0)


if __name__ == "__main__":
    main(ANALYZER, backend=NullBackend() if os.environ.get("GUARDIAN_NULL") else None)
