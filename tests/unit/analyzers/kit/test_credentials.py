"""Content credentials (C2PA): what is believed, whom, and that no forger gets a recording accused."""

from __future__ import annotations

import random
import struct
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from analyzer_contract import CredentialState, DetectorReport, Verdict
from analyzer_contract.credentials import MOST_CREDENTIALS
from analyzer_kit.analysis import Trust
from analyzer_kit.provenance import store
from analyzer_kit.provenance.credentials import CredentialsReader
from analyzer_kit.verdicts import verdict_of
from audio_analyzer.detectors.credentials import CredentialsDetector
from audio_analyzer.reading import read_samples
from tests.support.analyzers.listener import babble
from tests.support.media.credentials import (
    CAPTURED,
    COMPOSITE,
    GENERATED,
    Identity,
    alike,
    authority,
    created,
    self_signed,
    sign,
    signer,
)
from tests.support.media.samples import ffmpeg

ROOT = authority("Roots")
MAKER = signer(ROOT, "Maker")
STRANGER = signer(authority("Other"), "Maker")
DETECTOR = "DeclaredGenerated"
TRUSTED, VALID, INVALID = CredentialState.TRUSTED, CredentialState.VALID, CredentialState.INVALID
UNREADABLE, REMOTE = CredentialState.UNREADABLE, CredentialState.REMOTE


class Files(NamedTuple):
    """What a forger works with: a recording that is declared generated, the same without that, and his folder."""

    declared: Path
    plain: Path
    folder: Path


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> CredentialsReader:
    folder = tmp_path_factory.mktemp("trust")
    (folder / "list.pem").write_bytes(b"# Roots \xc3\xbc\n" + ROOT.pem)
    return CredentialsReader(Trust(folder=str(folder)))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("plain") / "plain.wav"
    with wave.open(str(target), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(random.Random(1).randbytes(8000))
    return target


@pytest.fixture(scope="module")
def declared(plain: Path) -> Path:
    """A recording that a trusted maker declares generated."""
    return sign(plain, plain.with_name("declared.wav"), MAKER, [created(GENERATED)])


@pytest.fixture
def files(declared: Path, plain: Path, tmp_path: Path) -> Files:
    return Files(declared, plain, tmp_path)


def report_on(reader: CredentialsReader, recording: Path) -> DetectorReport:
    reading = read_samples(babble(0.2), [])
    reading.recording = recording
    return CredentialsDetector(reader).detect(reading)


def kinds(report: DetectorReport) -> dict[str, int]:
    return {finding.kind: finding.score for finding in report.findings}


def state_of(report: DetectorReport) -> CredentialState | None:
    return report.credentials.state if report.credentials else None


@pytest.mark.parametrize(
    ("form", "source"),
    [(form, GENERATED) for form in ("wav", "mp3", "m4a", "flac", "avi", "mov", "mp4")] + [("wav", COMPOSITE)],
)
def test_what_a_trusted_maker_declares_generated_is_likely_fake(
    form: str, source: str, plain: Path, reader: CredentialsReader, tmp_path: Path
) -> None:
    recording = plain
    if form != "wav":
        recording = tmp_path / f"plain.{form}"
        ffmpeg("-f", "lavfi", "-i", "sine=440:duration=0.3", str(recording))
    report = report_on(reader, sign(recording, tmp_path / f"signed.{form}", MAKER, [created(source)]))
    assert (report.claim, kinds(report), state_of(report)) == (Verdict.LIKELY_FAKE, {DETECTOR: 95}, TRUSTED)
    assert "Maker Inc" in report.findings[0].message


def _changed(files: Files) -> Path:
    content = bytearray(files.declared.read_bytes())
    content[4000] ^= 1
    (files.folder / "changed.wav").write_bytes(content)
    return files.folder / "changed.wav"


def _moved(files: Files) -> Path:
    """The credentials of one recording in another one."""
    content, own = files.declared.read_bytes(), bytearray(files.plain.read_bytes())
    own[2000:2100] = bytes(100)
    moved = bytes(own) + content[content.index(b"C2PA") :]
    (files.folder / "moved.wav").write_bytes(moved[:4] + struct.pack("<I", len(moved) - 8) + moved[8:])
    return files.folder / "moved.wav"


def _cut_short(files: Files) -> Path:
    (files.folder / "short.wav").write_bytes(files.declared.read_bytes()[:-700])
    return files.folder / "short.wav"


def _cut_in_the_sound(files: Files) -> Path:
    content = files.declared.read_bytes()
    short = content[:40] + struct.pack("<I", 4000) + content[44:4044] + content[content.index(b"C2PA") :]
    (files.folder / "shorter.wav").write_bytes(short[:4] + struct.pack("<I", len(short) - 8) + short[8:])
    return files.folder / "shorter.wav"


def _expired(files: Files) -> Path:
    old = alike(lambda: signer(ROOT, "Maker", (-400, -30)), MAKER)
    return sign(files.plain, files.folder / "expired.wav", old, [created(GENERATED)], shown=MAKER)


def _not_yet(files: Files) -> Path:
    early = alike(lambda: signer(ROOT, "Maker", (30, 400)), MAKER)
    return sign(files.plain, files.folder / "early.wav", early, [created(GENERATED)], shown=MAKER)


def _self_signed(files: Files) -> Path:
    own = alike(lambda: self_signed("Maker", MAKER), MAKER)
    return sign(files.plain, files.folder / "self.wav", own, [created(GENERATED)], shown=MAKER)


def _unknown(files: Files) -> Path:
    return sign(files.plain, files.folder / "unknown.wav", STRANGER, [created(GENERATED)])


def _of_the_same_name(files: Files) -> Path:
    """By somebody whose authority is called as the trusted one, which stands in the chain."""
    forger = signer(authority("Roots"), "Maker")
    return sign(
        files.plain, files.folder / "name.wav", Identity(forger.certificate, forger.key, ROOT), [created(GENERATED)]
    )


def _by_another_key(files: Files) -> Path:
    """With the trusted maker's certificate, by somebody without its key."""
    forger = Identity(MAKER.certificate, STRANGER.key, ROOT)
    return sign(files.plain, files.folder / "key.wav", forger, [created(GENERATED)], shown=MAKER)


@pytest.mark.parametrize(
    ("forge", "state", "score"),
    [
        (_changed, INVALID, 0),
        (_moved, INVALID, 0),
        (_cut_short, UNREADABLE, 0),
        (_cut_in_the_sound, INVALID, 0),
        (_expired, INVALID, 0),
        (_not_yet, INVALID, 0),
        (_self_signed, VALID, 75),
        (_by_another_key, INVALID, 0),
        (_unknown, VALID, 75),
        (_of_the_same_name, VALID, 75),
    ],
)
def test_no_forger_reaches_likely_fake(
    forge: Callable[[Files], Path], state: CredentialState, score: int, files: Files, reader: CredentialsReader
) -> None:
    report = report_on(reader, forge(files))
    assert (state_of(report), report.claim, report.score) == (state, None, score)
    assert verdict_of(report) is not Verdict.LIKELY_FAKE
    assert report.credentials is not None
    assert report.credentials.reasons


def test_without_a_trust_list_nobody_is_trusted(declared: Path) -> None:
    report = report_on(CredentialsReader(Trust()), declared)
    assert (state_of(report), report.claim) == (VALID, None)


def test_a_trusted_recorder_is_a_fact_and_lowers_nothing(files: Files, reader: CredentialsReader) -> None:
    report = report_on(reader, sign(files.plain, files.folder / "camera.wav", MAKER, [created(CAPTURED)]))
    assert (state_of(report), report.claim, kinds(report)) == (TRUSTED, None, {"SignedCapture": 0})


@pytest.mark.parametrize(
    ("source", "by", "expected"),
    [
        (GENERATED, MAKER, {"MadeFromGenerated": 75, "ContentCredentials": 0}),
        (GENERATED, STRANGER, {"MadeFromGenerated": 0, "ContentCredentials": 0}),
        (CAPTURED, MAKER, {"ContentCredentials": 0}),
    ],
)
def test_what_a_recording_was_made_from_is_told(
    source: str, by: Identity, expected: dict[str, int], files: Files, reader: CredentialsReader
) -> None:
    first = sign(files.plain, files.folder / "first.wav", by, [created(source)])
    edited = sign(first, files.folder / "edited.wav", MAKER, [{"action": "c2pa.edited"}], parent=first)
    report = report_on(reader, edited)
    assert (state_of(report), report.claim, kinds(report)) == (TRUSTED, None, expected)
    assert report.credentials is not None
    assert [one.relation for one in report.credentials.history] == ["", "parentOf"]
    assert [action.action for action in report.credentials.history[0].actions] == ["c2pa.opened", "c2pa.edited"]


def test_a_long_history_is_cut(files: Files, reader: CredentialsReader) -> None:
    last = files.declared
    for number in range(MOST_CREDENTIALS + 2):
        target = files.folder / f"{number}.wav"
        last = sign(last, target, MAKER, [{"action": "c2pa.edited"}], parent=last)
    found = reader.read(last, store.places_of(last))
    assert found is not None
    assert (found.state, len(found.history)) == (TRUSTED, MOST_CREDENTIALS)


def test_a_parent_whose_content_was_changed_before_is_not_trusted(files: Files, reader: CredentialsReader) -> None:
    broken = _changed(files)
    edited = sign(broken, files.folder / "edited.wav", MAKER, [{"action": "c2pa.edited"}], parent=broken)
    assert kinds(report_on(reader, edited)) == {"MadeFromGenerated": 0, "ContentCredentials": 0}


@pytest.mark.parametrize("form", ["wav", "mp3", "mp4"])
def test_credentials_that_are_kept_elsewhere_are_told_and_not_fetched(
    form: str, plain: Path, reader: CredentialsReader, tmp_path: Path
) -> None:
    recording = plain
    if form != "wav":
        recording = tmp_path / f"plain.{form}"
        ffmpeg("-f", "lavfi", "-i", "sine=440:duration=0.3", str(recording))
    address = "http://127.0.0.1:9/credentials"
    remote = sign(recording, tmp_path / f"remote.{form}", MAKER, [created(GENERATED)], elsewhere=address)
    report = report_on(reader, remote)
    assert (state_of(report), kinds(report)) == (REMOTE, {"CredentialsElsewhere": 0})


@pytest.mark.parametrize("form", ["wav", "mp3", "m4a", "flac", "ogg", "mkv", "avi", "mp4"])
def test_a_recording_without_credentials_is_not_shown_to_the_library(
    form: str, reader: CredentialsReader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    recording = tmp_path / f"plain.{form}"
    ffmpeg("-f", "lavfi", "-i", "sine=440:duration=0.3", str(recording))
    monkeypatch.setattr("analyzer_kit.provenance.library.read_store", _never)
    report = report_on(reader, recording)
    assert (report.findings, report.credentials, report.score) == ([], None, 0)


def _never(*_: Any) -> None:
    raise AssertionError


def test_a_store_of_many_megabytes_is_not_read(reader: CredentialsReader, tmp_path: Path) -> None:
    huge = tmp_path / "huge.wav"
    with huge.open("wb") as file:
        file.write(b"RIFF\0\0\0\0WAVEC2PA" + struct.pack("<I", store.MOST_BYTES + 1))
        file.truncate(store.MOST_BYTES + 100)
    report = report_on(reader, huge)
    assert (state_of(report), kinds(report)) == (UNREADABLE, {"CredentialsUnreadable": 0})


def test_mutated_credentials_are_answered_and_nothing_new_in_them_is_believed(
    declared: Path, reader: CredentialsReader, tmp_path: Path
) -> None:
    rng, whole = random.Random(18), reader.read(declared, store.places_of(declared))
    for number in range(20):
        changed = mutated(declared, rng, tmp_path / f"{number}.wav")
        found = reader.read(changed, store.places_of(changed))
        assert found is not None
        assert found.state is not TRUSTED or found == whole, number  # padding may be anything


def mutated(declared: Path, rng: random.Random, target: Path) -> Path:
    """Write a copy of a recording in whose credentials some bytes are others."""
    content = bytearray(declared.read_bytes())
    first = content.index(b"C2PA") + 8
    for _ in range(rng.choice((1, 3, 30))):
        content[rng.randrange(first, len(content))] = rng.randrange(256)
    target.write_bytes(content)
    return target
