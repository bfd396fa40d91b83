"""guardian provenance: a file is read in a confined child, as any recording; text and lines."""

from __future__ import annotations

import json
import random
import wave
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis_operator.cli.app import app
from tests.support.media.credentials import GENERATED, authority, created, sign, signer

ROOT = authority("Roots")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    with wave.open(str(folder / "plain.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(random.Random(1).randbytes(8000))
    sign(folder / "plain.wav", folder / "signed.wav", signer(ROOT, "Maker"), [created(GENERATED)])
    (folder / "trust").mkdir()
    (folder / "trust" / "list.pem").write_bytes(ROOT.pem)
    return folder


def test_a_confined_child_reads_and_checks_each_file(folder: Path) -> None:
    files = [str(folder / name) for name in ("signed.wav", "plain.wav")]
    result = CliRunner().invoke(app, ["provenance", *files, "--trust", str(folder / "trust"), "--output", "json"])
    assert result.exit_code == 0, result.output
    signed, plain = (json.loads(line) for line in result.stdout.splitlines())
    assert (signed["path"], signed["verdict"], signed["credentials"]["state"]) == (files[0], "LikelyFake", "Trusted")
    assert signed["credentials"]["history"][0]["actions"][0]["source"] == GENERATED
    assert (plain["verdict"], plain["credentials"], plain["findings"]) == (None, None, [])


def test_people_are_told_in_words(folder: Path) -> None:
    result = CliRunner().invoke(app, ["provenance", str(folder / "signed.wav"), "--trust", str(folder / "trust")])
    assert result.exit_code == 0, result.output
    assert "This file: signed by Maker Inc, Maker, with Test Maker 1" in result.output
    assert "made by a trained algorithm" in result.output


def test_a_file_of_a_kind_that_is_not_looked_into_is_not_said_to_carry_nothing(folder: Path, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + bytes(100))
    result = CliRunner().invoke(app, ["provenance", str(photo), str(folder / "plain.wav")])
    assert result.exit_code == 1, result.output
    told, none = result.output.split(str(folder / "plain.wav"))
    assert "Not read: UnsupportedMedia." in told
    assert "content credentials" not in told
    assert "It carries no content credentials (C2PA)." in none


def test_an_empty_trust_list_is_an_error_and_says_what_to_do(folder: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["provenance", str(folder / "plain.wav"), "--trust", str(tmp_path)])
    assert result.exit_code == 1
    assert "certificate" in result.output
