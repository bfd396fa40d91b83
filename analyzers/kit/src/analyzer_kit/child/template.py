"""The template: imports an analysis module and runs it once, and then only makes children, one for each recording.

It has one thread, or its copies would lack the others, and it never opens a recording. Its standard input is the way to
the service: the configuration as a line, and then for each child the socket on which the service will talk to it.
"""

from __future__ import annotations

import gc
import importlib
import os
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import cast

from analyzer_kit import memory
from analyzer_kit.analysis import AnalysisModule
from analyzer_kit.child import sandbox, seccomp
from analyzer_kit.child.messages import ChildConfig, Ready, Unready
from analyzer_kit.child.tasks import work
from analyzer_kit.errors import Misconfigured

_LONGEST_LINE = 64 * 1024
_ADOPTED_SECONDS = 10.0
_POLL_SECONDS = 0.0005


def serve(service: int) -> None:
    """Warm up as the first line says, then make children until the service closes the socket."""
    control = socket.socket(fileno=os.dup(0))
    line = _line(control)
    if not line:  # the service gave up before it had read its own settings
        return
    config = ChildConfig.model_validate_json(line)
    sandbox.confine(config.memory_bytes, config.file_bytes)
    try:
        module = _warm(config)
    except Misconfigured as error:
        control.sendall(Unready(message=str(error)[:1000]).line())
        sys.exit(1)
    gc.freeze()  # what was imported stays, and its pages stay shared with the children
    memory.trim()
    control.sendall(Ready(pid=os.getpid()).line())
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not data:
            return
        _make_child(control, descriptors[0], service, module, config)
        os.close(descriptors[0])


def _line(control: socket.socket) -> bytes:
    """Return the line that the service sends before anything else; nothing if it went."""
    line = b""
    while not line.endswith(b"\n") and len(line) < _LONGEST_LINE:
        part = control.recv(_LONGEST_LINE)
        if not part:
            return b""
        line += part
    return line


def _warm(config: ChildConfig) -> AnalysisModule:
    """Return the analysis module, ready to be copied.

    Raises:
        Misconfigured: it cannot do what the installation asks for, or this machine cannot hold a child in.
    """
    seccomp.require()
    # Read when numpy is imported: OpenBLAS takes memory for each thread, and one that waits burns CPU.
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
    module = cast("AnalysisModule", importlib.import_module(config.module))
    module.warm_up(config.caps, config.models, config.trust)
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        raise Misconfigured(
            f"{config.module} has {threads} threads after its warm-up; a child, which is a copy of this process, would "
            "have one of them only. Threads may start in analyze()."
        )
    return module


def _make_child(
    control: socket.socket, channel: int, service: int, module: AnalysisModule, config: ChildConfig
) -> None:
    """Start a child that belongs to the service: the process between the two ends at once, and the service inherits."""
    try:
        between = os.fork()
    except OSError:  # no process or no memory: the service sees the socket closed, and tries again later
        traceback.print_exc()
        return
    if between:
        os.waitpid(between, 0)
        return
    try:
        if os.fork() == 0:
            control.close()
            os.dup2(channel, 0)
            os.close(channel)
            if _adopted(service):
                gc.enable()
                work(module, config)
        os._exit(0)  # without what libraries do at the end of a process
    except BaseException:  # the service learns of it by the exit code, people by standard error
        traceback.print_exc()
        os._exit(1)


def _adopted(service: int) -> bool:
    """Wait until this process is the service's child, and tie it to the service; return whether that is so."""
    end = time.monotonic() + _ADOPTED_SECONDS
    while os.getppid() != service:
        if time.monotonic() > end:
            return False
        time.sleep(_POLL_SECONDS)
    sandbox.die_with(service)
    return True
