"""The audio analysis of one recording as the work of a plain Job: ``python -c SCRIPT JOB`` in the audio image."""

import asyncio
import sys

from analyzer_contract import AnalysisJob
from analyzer_kit.backend import ChildBackend
from analyzer_kit.settings import KitSettings
from audio_analyzer import ANALYZER


async def main() -> None:
    """Does what the service does with a job (JSON, as in a POST) and prints the result: its own child, S3, limits."""
    backend = ChildBackend(ANALYZER, KitSettings())
    await backend.start()
    result = await backend.run(AnalysisJob.model_validate_json(sys.argv[1]), lambda _progress: None)
    sys.stdout.write(result.model_dump_json(by_alias=True, exclude_none=True) + "\n")
    await backend.stop()


asyncio.run(main())
