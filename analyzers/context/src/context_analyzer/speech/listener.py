"""The listener seen from the service: started when it is first needed or was ended, one recording at a time."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

from analyzer_contract import FailureReason
from analyzer_kit.child.spawn import PASSED_ON
from analyzer_kit.errors import AnalysisError, Misconfigured
from context_analyzer.reasons import NotDone, Reason
from context_analyzer.transcript import MOST_BYTES

_MODULE = "context_analyzer.speech.listening"
_SET = {
    "HF_HUB_OFFLINE": "1",  # nothing is ever fetched
    "MALLOC_ARENA_MAX": "2",
    "OMP_WAIT_POLICY": "PASSIVE",  # a thread that waits sleeps, where it would burn CPU
    "OPENBLAS_NUM_THREADS": "1",
    "ORT_DISABLE_TELEMETRY": "1",
    "PYTHONUNBUFFERED": "1",
}

log = structlog.get_logger(__name__)


class Listener:
    """A process with the network: it is given samples and never a recording, and has no credentials.

    Args:
        folder: of models.
        model_id: which of them.
        threads: that it computes with.
    """

    def __init__(self, folder: Path, model_id: str, threads: int) -> None:
        self._first = {"folder": str(folder.absolute()), "id": model_id, "threads": threads, "service": os.getpid()}
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()
        self.starts = 0

    async def start(self) -> None:
        """Start the process, unless it runs, and wait until the model is loaded.

        Raises:
            Misconfigured: the model cannot be used.
        """
        async with self._lock:
            await self._started()

    async def stop(self) -> None:
        """End the process at once."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            self._process = None

    async def hear(
        self, samples: Path, transcript: Path, language: str, seconds: float, progress: Callable[[float], None]
    ) -> bytes:
        """Return what is said, in the format of Amazon Transcribe; cancelling it ends the process.

        Args:
            samples: a file of 16-bit integers, mono, 16 kHz.
            transcript: the file that the process writes.
            language: in which it is said; empty: found out.
            seconds: how long that may take, the wait for other recordings included.
            progress: called with the share that is done.

        Raises:
            NotDone: TranscriptInvalid: it wrote too much.
            AnalysisError: WorkerCrashed, InternalError.
        """
        until = time.monotonic() + seconds
        async with self._lock:
            try:
                await self._started()
                task = {"samples": str(samples), "transcript": str(transcript), "language": language}
                await self._heard({**task, "seconds": max(until - time.monotonic(), 0.0)}, progress)
            except Misconfigured as error:
                raise AnalysisError(FailureReason.INTERNAL_ERROR, str(error)) from error
            except BaseException:
                await self.stop()
                raise
        return await asyncio.to_thread(_read, transcript)

    async def _started(self) -> None:
        if self._process is not None and self._process.returncode is None:
            return
        passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", _MODULE, stdin=pipe, stdout=pipe, env=passed | _SET
        )
        self.starts += 1
        try:
            await self._send(self._first)
            answer = await self._answer()
        except BaseException:
            await self.stop()
            raise
        if "ready" not in answer:
            await self.stop()
            raise Misconfigured(str(answer.get("problem", "The listener did not start."))[:1000])
        if why := answer.get("whyNotGpu"):
            log.warning("the listener does not use the GPU", model=self._first["id"], why=why)
        log.info("listener ready", model=self._first["id"], device=answer.get("device"))

    async def _heard(self, task: dict[str, Any], progress: Callable[[float], None]) -> None:
        await self._send(task)
        while True:
            answer = await self._answer()
            if "progress" in answer:
                progress(float(answer["progress"]))
            elif "done" in answer:
                return
            else:
                message = f"The speech could not be recognised: {answer.get('failed')}"
                raise AnalysisError(FailureReason.INTERNAL_ERROR, message)

    async def _send(self, message: dict[str, Any]) -> None:
        process = self._process
        if process is None or process.stdin is None:
            raise RuntimeError("not started")
        process.stdin.write(json.dumps(message).encode() + b"\n")
        with suppress(ConnectionError):  # its answer, which does not come, says so
            await process.stdin.drain()

    async def _answer(self) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdout is None:
            raise RuntimeError("not started")
        line = await process.stdout.readline()
        if not line.endswith(b"\n"):
            code = await process.wait()
            raise AnalysisError(FailureReason.WORKER_CRASHED, f"The listener ended with {code}.")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _read(transcript: Path) -> bytes:
    if transcript.stat().st_size > MOST_BYTES:
        raise NotDone(Reason.TRANSCRIPT_INVALID, f"It has more than {MOST_BYTES} bytes.")
    return transcript.read_bytes()
