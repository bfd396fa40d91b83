"""The local transcriber: downloads the recording and has it heard here. Behind the same port as Amazon Transcribe."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from analyzer_contract import SourceFacts, SourceObject
from analyzer_kit.s3 import ObjectStore
from analyzer_kit.scratch import Scratch
from context_analyzer.settings import ContextSettings
from context_analyzer.speech.hearing import Hearing

_RESERVED_SECONDS = 20.0
"""For the window of half a minute that is being heard when time is up, for judging, and for the upload."""

_LONGEST_SECONDS = 3600.0
"""The longest deadline of a job; its own, when it passes, cancels what runs here."""


class LocalTranscriber:
    """Has recordings written down by a model of the installation's own; no recording leaves it.

    Args:
        settings: limits, and in which language there is speech.
        store: where recordings are.
        threads: where downloads wait.
        model: the folder of models, and the model's id.
    """

    pause_seconds = 0.8
    """It tells no speakers apart, so a turn ends with a pause in which the other one could answer."""

    def __init__(
        self, settings: ContextSettings, store: ObjectStore, threads: Executor, model: tuple[Path, str]
    ) -> None:
        self._settings = settings
        self._store = store
        self._threads = threads
        self._scratch = Scratch(settings.scratch_dir)
        self.hearing = Hearing(settings, *model)

    async def start(self) -> None:
        """Start to get ready, without waiting for it."""
        self._scratch.open()
        await self.hearing.start()

    async def stop(self) -> None:
        """End all processes, and remove what they left."""
        await self.hearing.stop()
        self._scratch.close()

    def kept(self, source: SourceObject, facts: SourceFacts) -> None:
        """Return None: a transcript is in its result, and nowhere else."""

    async def transcribe(
        self, source: SourceObject, facts: SourceFacts, waiting: Callable[[], None], seconds: float
    ) -> bytes:
        """Return what is said, in the format of Amazon Transcribe: as much of it as there is time for.

        Args:
            source: the recording.
            facts: pin what it has to be.
            waiting: called while it is heard.
            seconds: until the job's deadline.

        Raises:
            NotDone: there is none, and why.
            AnalysisError: S3 does not answer, or the recording is refused or cannot be decoded.
        """
        until = time.monotonic() + seconds - _RESERVED_SECONDS
        async with self._scratch.folder() as folder:
            recording = folder / "recording"
            await self._download(source, facts, recording)
            heard = await self.hearing.hear(
                recording, folder, self._settings.context_language, until - time.monotonic(), lambda _share: waiting()
            )
        return heard.content

    async def _download(self, source: SourceObject, facts: SourceFacts, recording: Path) -> None:
        cancelled = threading.Event()

        def download() -> None:
            target = os.open(recording, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            try:  # the thread owns the descriptor: the coroutine may be gone before it
                self._store.download(source.uri, facts, target, _LONGEST_SECONDS, cancelled)
            finally:
                os.close(target)

        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, download)
        finally:
            cancelled.set()
