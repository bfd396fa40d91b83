"""What the service makes of a child that hostile media has taken over, and of one that cannot be started."""

from __future__ import annotations

import ctypes
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from analyzer_contract import FailureReason
from analyzer_kit.analysis import Assessment, Caps
from analyzer_kit.backend import _read_plot
from analyzer_kit.child import seccomp, syscalls
from analyzer_kit.child.messages import ChildConfig, Task
from analyzer_kit.child.opened import OpenedPath
from analyzer_kit.child.process import ChildProcess, ChildStartError, Template
from analyzer_kit.errors import AnalysisError, Misconfigured
from tests.support.waiting import PATIENCE_SECONDS

CONFIG = ChildConfig(module="tests.support.hostile_analyzer.analysis", memory_bytes=2**30, caps=Caps())
_PR_SET_CHILD_SUBREAPER = 36
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


@pytest_asyncio.fixture
async def template() -> AsyncIterator[Template]:
    """A template of children that do what their recording says."""
    made = Template(CONFIG)
    await made.start(PATIENCE_SECONDS)
    yield made
    await made.end()
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)  # this process has other tests to run


async def ordered(template: Template, folder: Path, attack: str) -> Assessment:
    """Let a child analyse a recording that orders an attack, and wait for its end."""
    (folder / "recording").write_text(json.dumps({"attack": attack}))
    child = ChildProcess(template)
    await child.start(PATIENCE_SECONDS)
    task = Task(recording=str(folder / "recording"), plot=str(folder / "plot"), cpu_seconds=30)
    try:
        return await child.run(task, lambda _stage, _fraction: None)
    finally:
        assert not child.alive
        assert await child.gone()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("attack", "says"),
    [
        ("answer without end", "too much"),
        ("answer without a line's end", "too long"),
        ("answer in the wrong place", "out of turn"),
        ("answer nonsense", "no sense"),
        ("fork", "SIGSYS"),
    ],
)
async def test_a_child_that_is_taken_over_is_killed(template: Template, tmp_path: Path, attack: str, says: str) -> None:
    with pytest.raises(AnalysisError, match=says) as failed:
        await ordered(template, tmp_path, attack)
    assert failed.value.reason is FailureReason.WORKER_CRASHED


@pytest.mark.asyncio
async def test_a_template_that_cannot_be_started_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/program")
    with pytest.raises(ChildStartError, match="could not be started"):
        await Template(CONFIG).start(1)


@pytest.mark.asyncio
async def test_a_template_that_has_gone_makes_no_children(template: Template) -> None:
    await template.end()
    with pytest.raises(ChildStartError, match="does not answer"):
        await ChildProcess(template).start(1)


@pytest.mark.asyncio
async def test_a_template_with_threads_says_so_instead_of_losing_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import threading, time\ndef warm_up(*_): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    )
    (tmp_path / "threaded.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ChildStartError, match="2 threads after its warm-up"):
        await Template(CONFIG.model_copy(update={"module": "threaded"})).start(PATIENCE_SECONDS)


def test_a_machine_without_a_filter_opens_no_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    seccomp.require()
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(Misconfigured, match="riscv64"):
        seccomp.require()


@pytest.mark.parametrize(("column", "machine"), list(enumerate(HEADERS)))
def test_the_numbers_are_the_kernels(column: int, machine: str) -> None:
    header = HEADERS[machine]
    if not header.exists():
        pytest.skip("needs linux-libc-dev")
    numbers = dict(re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text(), re.MULTILINE))
    numbers |= {"newfstatat": numbers["fstatat"]} if "fstatat" in numbers else {}
    for name, known in (syscalls.FREE | syscalls.JUDGED | syscalls.HOSTILE).items():
        assert known[column] == (int(numbers[name]) if name in numbers else None), name


@pytest.mark.parametrize("column", [0, 1])
def test_each_call_has_one_rule_and_jumps_stay_inside(column: int) -> None:
    assert not syscalls.FREE.keys() & syscalls.HOSTILE.keys()
    program = seccomp.program(column, 1, 42)
    assert len(program) <= 4096  # BPF_MAXINSNS
    for at, (code, then, otherwise, operand) in enumerate(program):
        assert at + 1 + max(then, otherwise) < len(program) or code == 6
        assert 0 <= operand < 2**32


def test_an_opened_path_is_read_from_its_beginning_each_time(tmp_path: Path) -> None:
    (tmp_path / "recording").write_bytes(bytes(range(200)))
    opened = OpenedPath(tmp_path / "recording", os.O_RDONLY)
    (tmp_path / "recording").unlink()
    with opened.open("rb") as one, opened.open("rb") as other:
        assert (one.read(2), other.read(1), one.read(1)) == (b"\0\1", b"\0", b"\2")
        assert (one.seek(-1, os.SEEK_END), one.read()) == (199, b"\xc7")
        with pytest.raises(OSError, match="-1"):
            one.seek(-1)
    assert (opened.stat().st_size, len(opened.read_bytes())) == (200, 200)
    assert type(opened.parent / "other") is type(Path())
    with pytest.raises(ValueError, match="not r"):
        opened.open()


def test_an_opened_path_is_read_whole_in_pieces_however_large_it_is(tmp_path: Path) -> None:
    whole = bytes(range(256)) * 4000
    (tmp_path / "recording").write_bytes(whole)
    with OpenedPath(tmp_path / "recording", os.O_RDONLY).open("rb") as file:
        assert (file.read(1), file.read(900_000), file.read()) == (whole[:1], whole[1:900_001], whole[900_001:])


def test_an_opened_path_is_written_anew_each_time(tmp_path: Path) -> None:
    opened = OpenedPath(tmp_path / "plot", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    opened.write_bytes(b"a long one")
    opened.write_bytes(b"short")
    assert (tmp_path / "plot").read_bytes() == b"short"


def test_a_link_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "recording").symlink_to("/proc/self/environ")
    with pytest.raises(OSError, match="symbolic links"):
        OpenedPath(tmp_path / "recording", os.O_RDONLY)


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
def test_a_plot_that_is_none_is_not_read(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "plot")
    with pytest.raises(AnalysisError) as failed:
        _read_plot(tmp_path / "plot")
    assert failed.value.reason is FailureReason.WORKER_CRASHED
