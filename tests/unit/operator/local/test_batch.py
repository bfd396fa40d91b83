"""Which files a batch analyses, and how many at a time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from analysis_operator.local.batch import File, files_of, slots_for


def make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def test_a_folder_stands_for_the_files_in_it_and_below_without_what_is_hidden_or_ours(tmp_path: Path) -> None:
    make(
        tmp_path,
        "b.wav",
        "a/1.ogg",
        "a/.trash/2.ogg",
        ".DS_Store",
        "b.wav.transcript.json",
        "out/reports/x/report.html",
    )
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    found = files_of([tmp_path], without=tmp_path / "a" / ".." / "out")
    assert found == [File(tmp_path / "a" / "1.ogg", named=False), File(tmp_path / "b.wav", named=False)]


def test_a_file_that_is_named_twice_is_analysed_once_and_counts_as_named(tmp_path: Path) -> None:
    make(tmp_path, "b.wav", "a.wav")
    out = tmp_path / "out"
    found = files_of([tmp_path / "b.wav", tmp_path, tmp_path / "b.wav"], without=out)
    assert found == [File(tmp_path / "b.wav"), File(tmp_path / "a.wav", named=False)]
    assert files_of([tmp_path / "none.wav"], without=out) == [File(tmp_path / "none.wav")], "it gets a line of its own"


@pytest.mark.parametrize(("cores", "files", "slots"), [(4, 100, 4), (4, 2, 2), (1, 5, 1), (200, 1000, 64), (4, 0, 1)])
def test_there_is_a_slot_for_each_core_and_none_without_a_file(
    monkeypatch: pytest.MonkeyPatch, cores: int, files: int, slots: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(cores)))
    assert slots_for(files) == slots
