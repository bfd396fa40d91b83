"""`guardian verify`: what was changed since it was written is found."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis_operator.cli.app import app
from tests.support.operator.requests import request


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    entry = {"name": "audio", "state": "Succeeded", "resultSha256": sha("{}")}
    asked = request({"reportSha256": sha("<p>85</p>"), "analyses": [entry]})
    (tmp_path / "request").write_text(asked.model_dump_json(by_alias=True, exclude_none=True))
    (tmp_path / "report.html").write_text("<p>85</p>")
    (tmp_path / "audio.json").write_text("{}")
    return tmp_path


def verify(folder: Path, *names: str) -> tuple[int, str]:
    files = [str(folder / name) for name in names]
    done = CliRunner().invoke(app, ["verify", "--request", str(folder / "request"), *files])
    return done.exit_code, done.output


def test_what_was_written_is_vouched_for(folder: Path) -> None:
    code, said = verify(folder, "report.html", "audio.json")
    assert (code, said.count("as it was written")) == (0, 2)


def test_a_changed_report_is_found(folder: Path) -> None:
    (folder / "report.html").write_text("<p>5</p>")
    code, said = verify(folder, "report.html", "audio.json")
    assert (code, "report.html: CHANGED" in said) == (1, True)


def test_what_the_status_does_not_know_is_said(folder: Path) -> None:
    (folder / "video.json").write_text("{}")
    code, said = verify(folder, "video.json")
    assert (code, "does not vouch" in said) == (1, True)


def test_something_else_than_a_request_is_refused(folder: Path) -> None:
    (folder / "request").write_text("nothing")
    assert verify(folder, "report.html")[0] == 2
