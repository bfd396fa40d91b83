"""The audio analysis of one recording as a plain Job: ``python -c SCRIPT URI [RESULT_PREFIX]`` in the audio image."""

import asyncio
import sys

from analyzer_contract import AnalysisJob, SourceObject
from analyzer_kit.backend import ChildBackend
from analyzer_kit.settings import KitSettings
from analyzer_kit.stages import always
from audio_analyzer import ANALYZER


async def main() -> None:
    """Do what the service does with a job, in a child under the same limits, and print the result."""
    uri, prefix = sys.argv[1], (*sys.argv[2:], None)[0]
    job = AnalysisJob(id="job", source=SourceObject(uri=uri), result_prefix=prefix)
    backend = ChildBackend(ANALYZER, KitSettings())
    await backend.start()
    result = await backend.run(job, lambda _progress: None, always)
    sys.stdout.write(result.model_dump_json(by_alias=True, exclude_none=True) + "\n")
    await backend.stop()


asyncio.run(main())
