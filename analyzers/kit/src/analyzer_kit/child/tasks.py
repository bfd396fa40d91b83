"""The child process: imports an analysis module once, then analyses one recording at a time.

Its configuration and then tasks come as lines on standard input, and messages leave as lines on what was standard
output (:mod:`analyzer_kit.child.messages`). It is given no credentials and no secrets.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import time
from pathlib import Path
from typing import BinaryIO, cast

from pydantic import BaseModel

from analyzer_contract import FailureReason
from analyzer_kit import memory
from analyzer_kit.analysis import AnalysisModule
from analyzer_kit.child import sandbox
from analyzer_kit.child.messages import ChildConfig, Done, Failed, Ready, Stage, Task, Unready
from analyzer_kit.errors import AnalysisError, Misconfigured

_PROGRESS_SECONDS = 0.25
"""Shortest time between two stage messages: the operator throttles to one in two seconds anyway."""


class _Wire:
    """The way to the parent."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._last = 0.0

    def send(self, message: BaseModel) -> None:
        self._out.write(message.model_dump_json(by_alias=True).encode() + b"\n")
        self._out.flush()

    def stage(self, stage: str, fraction: float) -> None:
        now = time.monotonic()
        if now - self._last >= _PROGRESS_SECONDS:
            self._last = now
            self.send(Stage(stage=stage, fraction=min(max(fraction, 0.0), 1.0)))


def _take_stdout() -> BinaryIO:
    """Keep standard output for messages; whatever a library prints goes to standard error instead."""
    private = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(private, "wb")


def _analyze(module: AnalysisModule, task: Task, config: ChildConfig, wire: _Wire) -> Done | Failed:
    sandbox.allow_cpu(task.cpu_seconds)
    try:
        assessment = module.analyze(Path(task.recording), Path(task.plot), config.caps, wire.stage)
    except AnalysisError as error:
        return Failed(reason=error.reason, message=error.message)
    except MemoryError:
        limit = config.memory_bytes // 1024**2
        message = f"The analysis needed more than the {limit} MiB that it may use. Give the analyzer more memory."
        return Failed(reason=FailureReason.OUT_OF_MEMORY, message=message)
    except Exception as error:  # a fault of a detector ends this analysis only
        message = f"The detectors failed with {type(error).__name__}: {error}"
        return Failed(reason=FailureReason.INTERNAL_ERROR, message=message[:1000])
    return Done(assessment=assessment)


def serve() -> None:
    """Warm up as the first line says, then answer tasks until standard input is closed."""
    line = sys.stdin.buffer.readline()
    if not line:  # the parent gave up before it had read its own settings
        return
    config = ChildConfig.model_validate_json(line)
    sandbox.confine(config.memory_bytes)
    wire = _Wire(_take_stdout())
    # Read when numpy is imported: OpenBLAS takes memory for each thread, and one that waits burns CPU.
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
    module = cast("AnalysisModule", importlib.import_module(config.module))
    try:
        module.warm_up(config.caps, config.models)
    except Misconfigured as error:
        wire.send(Unready(message=str(error)[:1000]))
        sys.exit(1)
    gc.freeze()  # what was imported stays: later collections need not look at it
    gc.enable()
    wire.send(Ready())
    memory.trim()
    for line in sys.stdin.buffer:
        wire.send(_analyze(module, Task.model_validate_json(line), config, wire))
        gc.collect()
        memory.trim()
