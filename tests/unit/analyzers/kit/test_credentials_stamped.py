"""Revocation and time stamps of content credentials: as far as the file itself carries them. Nothing is fetched."""

from __future__ import annotations

import datetime
import random
import wave
from pathlib import Path

import pytest

from analyzer_contract import Credentials, CredentialState
from analyzer_kit.analysis import Trust
from analyzer_kit.provenance.credentials import CredentialsReader
from analyzer_kit.provenance.judging import DECLARED, statements_on
from tests.support.media.credentials import GENERATED, authority, created, sign, signer
from tests.support.media.stamps import clock, responder, with_answer, with_time

ROOT, TIME = authority("Roots"), authority("Time")
MAKER = signer(ROOT, "Maker")
STRANGER = authority("Other")


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    """A recording that a trusted maker declares generated."""
    with wave.open(str(tmp_path / "plain.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(random.Random(1).randbytes(2000))
    return sign(tmp_path / "plain.wav", tmp_path / "signed.wav", MAKER, [created(GENERATED)])


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> CredentialsReader:
    folder = tmp_path_factory.mktemp("trust")
    (folder / "list.pem").write_bytes(ROOT.pem + TIME.pem)
    return CredentialsReader(Trust(folder=str(folder)))


def read(reader: CredentialsReader, recording: Path) -> tuple[Credentials, int]:
    found = reader.read(recording)
    assert found is not None
    return found, statements_on(found)[0].score


def test_a_certificate_that_the_file_itself_says_is_revoked_convinces_nobody(
    signed: Path, reader: CredentialsReader
) -> None:
    found, score = read(reader, with_answer(signed, MAKER, responder(ROOT), revoked=True))
    assert (found.state, score) == (CredentialState.INVALID, 0)
    assert found.reasons == ["signingCredential.ocsp.revoked"]


def test_an_answer_that_it_is_not_revoked_changes_nothing(signed: Path, reader: CredentialsReader) -> None:
    found, score = read(reader, with_answer(signed, MAKER, responder(ROOT), revoked=False))
    assert (found.state, score) == (CredentialState.TRUSTED, DECLARED)


def test_without_an_answer_in_the_file_nobody_is_asked(signed: Path, reader: CredentialsReader) -> None:
    found, score = read(reader, signed)
    assert (found.state, score, found.reasons) == (CredentialState.TRUSTED, DECLARED, [])
    assert found.history[0].signed_at is None


def test_a_known_clock_says_when_it_was_signed(signed: Path, reader: CredentialsReader, tmp_path: Path) -> None:
    found, score = read(reader, with_time(signed, clock(TIME), tmp_path))
    assert (found.state, score) == (CredentialState.TRUSTED, DECLARED)
    at = found.history[0].signed_at
    assert at is not None
    assert abs(datetime.datetime.now(datetime.UTC) - at) < datetime.timedelta(minutes=5)


@pytest.mark.parametrize(("known", "of_this"), [(False, True), (True, False)])
def test_the_time_of_an_unknown_clock_or_of_another_signature_is_not_told(
    signed: Path, reader: CredentialsReader, tmp_path: Path, *, known: bool, of_this: bool
) -> None:
    found, score = read(reader, with_time(signed, clock(TIME if known else STRANGER), tmp_path, of_this=of_this))
    assert found.state is CredentialState.VALID
    assert score < DECLARED
    assert found.history[0].signed_at is None
    assert found.reasons == ["timeStamp.untrusted" if known is False else "timeStamp.mismatch"]
