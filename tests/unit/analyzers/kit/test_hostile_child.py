"""What the parent makes of a child that hostile media has taken over, and of one that cannot be started."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer_contract import FailureReason
from analyzer_kit.analysis import Caps
from analyzer_kit.backend import _read_plot
from analyzer_kit.child.messages import ChildConfig, Task
from analyzer_kit.child.process import ChildProcess, ChildStartError
from analyzer_kit.child.spawn import MAX_LINE_BYTES
from analyzer_kit.errors import AnalysisError

CONFIG = ChildConfig(module="none", memory_bytes=2**30, caps=Caps())
TASK = Task(recording="none", plot="none", cpu_seconds=1)
READY = """input(); print('{"type": "ready"}', flush=True); input()"""


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ChildProcess]:
    """A worker whose process runs the code given, after it was greeted and got its task."""

    def make(code: str) -> ChildProcess:
        program = tmp_path / "child"
        program.write_text(f"#!{os.path.realpath(sys.executable)}\n{READY}\n{code}\n")
        program.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(program))
        return ChildProcess(CONFIG)

    return make


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("""while True: print('{"type": "stage", "stage": "x", "fraction": 0}')""", "too much"),
        (f"print('x' * {MAX_LINE_BYTES * 3})", "too long"),
        ("while True: print('x' * 65536, end='')", "too long"),
        ("""print('{"type": "ready"}')""", "out of turn"),
        ("print('[' * 100000)", "no sense"),
    ],
)
async def test_a_child_that_talks_without_end_is_killed(
    child: Callable[[str], ChildProcess], code: str, says: str
) -> None:
    worker = child(code)
    await worker.start(10)
    with pytest.raises(AnalysisError, match=says) as failed:
        await worker.run(TASK, lambda _stage, _fraction: None)
    assert failed.value.reason is FailureReason.WORKER_CRASHED
    await worker.gone()
    assert not worker.alive


@pytest.mark.asyncio
async def test_a_child_that_cannot_be_started_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/program")
    with pytest.raises(ChildStartError, match="could not be started"):
        await ChildProcess(CONFIG).start(1)


def test_the_plot_is_what_the_child_wrote(tmp_path: Path) -> None:
    (tmp_path / "plot").write_bytes(b"picture")
    assert _read_plot(tmp_path / "plot") == b"picture"


@pytest.mark.parametrize(
    "make",
    [
        lambda plot: plot.symlink_to("/proc/self/environ"),
        os.mkfifo,
        Path.mkdir,
        lambda plot: os.truncate(os.open(plot, os.O_CREAT | os.O_RDWR), 2**31),
        lambda plot: None,
    ],
    ids=["a link to the parent's secrets", "a pipe", "a folder", "too large", "nothing"],
)
@pytest.mark.timeout(10)
def test_a_plot_that_is_none_is_not_read(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "plot")
    with pytest.raises(AnalysisError) as failed:
        _read_plot(tmp_path / "plot")
    assert failed.value.reason is FailureReason.WORKER_CRASHED
