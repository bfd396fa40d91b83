"""A recording on this machine's disk, written down: decoded by a confined child, heard by the listener."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from analyzer_kit.analysis import Assessment
from analyzer_kit.analyzer import Analyzer
from analyzer_kit.child.messages import Task
from analyzer_kit.child.pool import ChildPool
from analyzer_kit.errors import Misconfigured
from analyzer_kit.settings import KitSettings
from context_analyzer.reasons import NotDone, Reason
from context_analyzer.speech.listener import Listener

_DECODER = Analyzer(name="context", version="", port=0, module="context_analyzer.speech.decoding")
_BYTES_A_SECOND = 2 * 16_000
"""Of samples as the decoder writes them, which this process does not import: two hours are 230 MB."""
_AGAIN_SECONDS = 10.0
_SPEAKS_SECONDS = 2.0
"""Less may be a cough, or a sound that is taken for a voice."""

_DECODED = 0.1
"""The share of the work that decoding is."""


@dataclass(frozen=True)
class Transcription:
    """What is said in a recording: ``content`` in the format of Amazon Transcribe, ``sound`` what was decoded."""

    content: bytes
    sound: Assessment


class Hearing:
    """The decoder's children and the listener.

    Args:
        settings: limits and threads.
        folder: of models.
        model_id: the model that listens.
    """

    def __init__(self, settings: KitSettings, folder: Path, model_id: str) -> None:
        file_bytes = int(settings.max_duration_seconds * _BYTES_A_SECOND) + 1024**2
        config = settings.child(_DECODER).model_copy(update={"file_bytes": file_bytes})
        self._threads = settings.threads
        self._pool = ChildPool(config, 1, settings.warm_up_seconds)
        self._listener = Listener(folder, model_id, settings.threads)
        self._task: asyncio.Task[None] | None = None
        self._loaded = False
        self._problem = ""

    @property
    def ready(self) -> bool:
        """Whether a recording could be heard now."""
        return self._loaded and self._pool.warm

    @property
    def alive(self) -> bool:
        """False when children do not come up any more."""
        return not self._pool.broken

    @property
    def problem(self) -> str:
        """Why it does not get ready; empty if nothing is wrong."""
        return self._problem or self._pool.problem

    @property
    def starts(self) -> int:
        """How many templates and listeners were started so far."""
        return self._pool.starts + self._listener.starts

    async def start(self) -> None:
        """Start to get ready, without waiting for it."""
        await self._pool.start()
        self._task = asyncio.create_task(self._load())

    async def stop(self) -> None:
        """End all processes."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._listener.stop()
        await self._pool.stop()

    async def _load(self) -> None:
        while not self._loaded:
            try:
                await self._listener.start()
            except Misconfigured as error:  # the volume may be mounted late, or corrected
                self._problem = str(error)
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                self._loaded, self._problem = True, ""

    async def hear(
        self, recording: Path, folder: Path, language: str, seconds: float, progress: Callable[[float], None]
    ) -> Transcription:
        """Return what is said in a recording.

        Args:
            recording: the file.
            folder: an empty one for what is made meanwhile.
            language: in which it is said; empty: found out.
            seconds: how long it may take; what is not heard by then is left out.
            progress: called with the share that is done.

        Raises:
            NotDone: there is no transcript, and why.
            AnalysisError: the recording is refused or cannot be decoded.
        """
        until = time.monotonic() + seconds
        samples = folder / "samples"
        async with self._pool.lease() as worker:
            task = Task(recording=str(recording), plot=str(samples), cpu_seconds=int(seconds * self._threads) + 1)
            sound = await worker.run(task, lambda _stage, share: progress(_DECODED * share))
        content = await self._listener.hear(
            samples,
            folder / "transcript",
            language,
            until - time.monotonic(),
            lambda share: progress(_DECODED + (1 - _DECODED) * share),
        )
        return Transcription(_made_out(content), sound)


def _made_out(content: bytes) -> bytes:
    """Return a transcript, unless it is empty although somebody speaks.

    Raises:
        NotDone: SpeechUnclear.
    """
    heard = json.loads(content)
    if heard["speechSeconds"] >= _SPEAKS_SECONDS and not heard["results"]["items"]:
        raise NotDone(Reason.SPEECH_UNCLEAR)
    return content
