"""The child: waits for one recording, gives up every right that it can do without, analyses the recording, and ends.

The task comes as a line on standard input, which is a socket, and messages leave on it as lines
(:mod:`analyzer_kit.child.messages`). It is given no credentials and no secrets.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import BinaryIO

from analyzer_contract import FailureReason
from analyzer_kit.analysis import AnalysisModule
from analyzer_kit.child import sandbox, seccomp
from analyzer_kit.child.messages import MOST_STAGES, ChildConfig, Done, Failed, Ready, Stage, StageTime, Task
from analyzer_kit.child.opened import OpenedPath
from analyzer_kit.errors import AnalysisError
from analyzer_kit.media.source import hand_over

_PROGRESS_SECONDS = 0.25
"""Shortest time between two stage messages: the operator throttles to one in two seconds anyway."""


class _Channel:
    """The way to the service."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._last = 0.0
        self.began = time.monotonic()
        """When the recording came: it may have waited for one."""
        self._stages: list[tuple[str, float]] = []

    def send(self, message: Ready | Stage | Done | Failed) -> None:
        self._out.write(message.line())
        self._out.flush()

    def stage(self, stage: str, fraction: float) -> None:
        now = time.monotonic()
        if (not self._stages or self._stages[-1][0] != stage) and len(self._stages) < MOST_STAGES:
            self._stages.append((stage, now - self.began))
        if now - self._last >= _PROGRESS_SECONDS:
            self._last = now
            self.send(Stage(stage=stage, fraction=min(max(fraction, 0.0), 1.0)))

    def times(self) -> list[StageTime]:
        """Return when each stage began and ended, the last one now: spans are made of it where there is a network."""
        ends = [*(began for _, began in self._stages[1:]), time.monotonic() - self.began]
        return [
            StageTime(stage=stage, began=began, ended=ended)
            for (stage, began), ended in zip(self._stages, ends, strict=False)
        ]


def work(module: AnalysisModule, config: ChildConfig) -> None:
    """Answer one task, or return if standard input ends before there is one."""
    channel = _Channel(os.fdopen(0, "wb", closefd=False))
    channel.send(Ready(pid=os.getpid()))
    line = os.fdopen(0, "rb", closefd=False).readline()
    if not line:
        return
    channel.began = time.monotonic()
    task = Task.model_validate_json(line)
    os.setsid()  # what it may start is told from the template's other children by its session
    recording = OpenedPath(Path(task.recording), os.O_RDONLY)
    hand_over(recording)
    plot = OpenedPath(Path(task.plot), os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    sandbox.allow_cpu(task.cpu_seconds)
    seccomp.install()
    channel.send(_analyze(module, recording, plot, config, channel))
    os.read(0, 1)  # nothing comes: the service ends this process


def _analyze(
    module: AnalysisModule, recording: Path, plot: Path, config: ChildConfig, channel: _Channel
) -> Done | Failed:
    try:
        assessment = module.analyze(recording, plot, config.caps, channel.stage)
    except AnalysisError as error:
        return Failed(reason=error.reason, message=error.message)
    except MemoryError:
        limit = config.memory_bytes // 1024**2
        message = f"The analysis needed more than the {limit} MiB that it may use. Give the analyzer more memory."
        return Failed(reason=FailureReason.OUT_OF_MEMORY, message=message)
    except Exception as error:  # a fault of a detector ends this analysis only
        message = f"The detectors failed with {type(error).__name__}: {error}"
        return Failed(reason=FailureReason.INTERNAL_ERROR, message=message[:1000])
    return Done(assessment=assessment, times=channel.times())
