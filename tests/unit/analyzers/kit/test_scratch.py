"""The scratch folder: a service removes its own leftovers, after a kill too, and nothing of anybody else."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer_kit.scratch import Scratch

_SERVICE = """
import asyncio, sys
from pathlib import Path
from analyzer_kit.scratch import Scratch

async def main():
    scratch = Scratch(Path(sys.argv[1]))
    scratch.open()
    async with scratch.folder() as folder:
        (folder / "recording").write_bytes(b"private")
        print(folder, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def service_at_work(base: Path) -> tuple[subprocess.Popen[str], Path]:
    """Another service, in the middle of an analysis, and the folder of that."""
    process = subprocess.Popen([sys.executable, "-c", _SERVICE, str(base)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_what_a_killed_service_left_is_removed_at_the_next_start(tmp_path: Path) -> None:
    process, folder = service_at_work(tmp_path)
    kill(process)
    assert (folder / "recording").exists()
    scratch = Scratch(tmp_path)
    scratch.open()
    assert not folder.exists()
    scratch.close()
    assert list(tmp_path.iterdir()) == []


def test_a_service_leaves_the_files_of_one_that_lives_alone(tmp_path: Path) -> None:
    process, folder = service_at_work(tmp_path)
    try:
        for _ in range(2):
            scratch = Scratch(tmp_path)
            scratch.open()
            scratch.close()
        assert (folder / "recording").read_bytes() == b"private"
    finally:
        kill(process)


def test_nothing_of_anybody_else_is_touched(tmp_path: Path) -> None:
    """Names that only look like ours, and a link that leads out of the folder."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    base = tmp_path / "base"
    for name in ("guardian-abc123", "guardian-0123456789abcdef", "guardian-00000000deadbeef-x", "photos"):
        (base / name).mkdir(parents=True)
    (base / ".guardian-0123456789ABCDEF.lock").touch()
    (base / ".guardian-aaaaaaaaaaaaaaaa.lock").touch()
    (base / "guardian-aaaaaaaaaaaaaaaa-link").symlink_to(outside)
    (base / ".guardian-bbbbbbbbbbbbbbbb.lock").symlink_to(outside / "precious")
    (base / "guardian-bbbbbbbbbbbbbbbb-x").mkdir()
    os.mkfifo(base / ".guardian-cccccccccccccccc.lock")
    before = {path.name for path in base.iterdir()} - {".guardian-cccccccccccccccc.lock"}
    scratch = Scratch(base)
    scratch.open()
    scratch.close()
    assert {path.name for path in base.iterdir()} - {".guardian-cccccccccccccccc.lock"} == before
    assert (outside / "precious").exists()


def test_a_folder_is_private_and_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    async def one() -> None:
        scratch = Scratch(tmp_path)
        scratch.open()
        async with scratch.folder() as folder:
            assert folder.stat().st_mode & 0o777 == 0o700
            (folder / "deep" / "er").mkdir(parents=True)
        assert not folder.exists()
        scratch.close()

    asyncio.run(one())
    assert list(tmp_path.iterdir()) == []


def test_a_scratch_folder_that_cannot_be_used_fails_the_start(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="absent"):
        Scratch(tmp_path / "absent").open()
