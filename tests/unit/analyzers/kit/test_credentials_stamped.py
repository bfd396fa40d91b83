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
from analyzer_kit.provenance.store import places_of
from tests.support.media.credentials import CAPTURED, GENERATED, Identity, alike, authority, created, sign, signer
from tests.support.media.stamps import clock, responder, with_answer, with_time

ROOT, TIME = authority("Roots"), authority("Time")
MAKER = signer(ROOT, "Maker")
EXPIRED = alike(lambda: signer(ROOT, "Maker", (-400, -30)), MAKER)
LONG = (-500, 500)
STRANGER = authority("Other")


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    with wave.open(str(tmp_path / "plain.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(random.Random(1).randbytes(2000))
    return tmp_path / "plain.wav"


@pytest.fixture
def signed(plain: Path) -> Path:
    """A recording that a trusted maker declares generated."""
    return sign(plain, plain.with_name("signed.wav"), MAKER, [created(GENERATED)])


@pytest.fixture
def old(plain: Path) -> Path:
    """The same, by a certificate of the trusted maker that has expired a month ago."""
    return sign(plain, plain.with_name("old.wav"), EXPIRED, [created(GENERATED)], shown=MAKER)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> CredentialsReader:
    folder = tmp_path_factory.mktemp("trust")
    (folder / "list.pem").write_bytes(ROOT.pem + TIME.pem)
    return CredentialsReader(Trust(folder=str(folder)))


def read(reader: CredentialsReader, recording: Path) -> tuple[Credentials, int]:
    found = reader.read(recording, places_of(recording))
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


def test_a_known_clock_says_when_it_was_signed(signed: Path, reader: CredentialsReader) -> None:
    found, score = read(reader, with_time(signed, clock(TIME)))
    assert (found.state, score) == (CredentialState.TRUSTED, DECLARED)
    at = found.history[0].signed_at
    assert at is not None
    assert abs(datetime.datetime.now(datetime.UTC) - at) < datetime.timedelta(minutes=5)


@pytest.mark.parametrize(("known", "of_this"), [(False, True), (True, False)])
def test_the_time_of_an_unknown_clock_or_of_another_signature_is_not_told(
    signed: Path, reader: CredentialsReader, *, known: bool, of_this: bool
) -> None:
    found, score = read(reader, with_time(signed, clock(TIME if known else STRANGER), of_this=of_this))
    assert found.state is CredentialState.VALID
    assert score < DECLARED
    assert found.history[0].signed_at is None
    assert found.reasons == ["timeStamp.untrusted" if known is False else "timeStamp.mismatch"]


@pytest.mark.parametrize("days", [LONG, (-500, -60)], ids=["the clock's is valid", "the clock's has expired, too"])
def test_a_certificate_that_expired_after_a_known_time_stamp_counts_as_it_did_then(
    days: tuple[int, int], old: Path, reader: CredentialsReader
) -> None:
    found, score = read(reader, with_time(old, clock(TIME, days), -100))
    assert (found.state, score, found.reasons) == (CredentialState.TRUSTED, DECLARED, [])
    assert _days_ago(found) == 100


def test_so_does_that_of_a_camera(plain: Path, reader: CredentialsReader) -> None:
    shot = sign(plain, plain.with_name("shot.wav"), EXPIRED, [created(CAPTURED)], shown=MAKER)
    found, score = read(reader, with_time(shot, clock(TIME, LONG), -100))
    assert (found.state, score, _days_ago(found)) == (CredentialState.TRUSTED, 0, 100)
    assert [statement.kind for statement in statements_on(found)] == ["SignedCapture"]


def test_an_expired_certificate_without_a_time_stamp_is_a_fact(old: Path, reader: CredentialsReader) -> None:
    found, score = read(reader, old)
    assert (found.state, score, found.reasons) == (CredentialState.INVALID, 0, ["signingCredential.expired"])
    assert found.history[0].signed_at is None


@pytest.mark.parametrize(
    ("by", "days", "of_this", "told"),
    [
        (clock(TIME, LONG), -10, True, 10),
        (clock(TIME, LONG), -450, True, 450),
        (clock(TIME, (-50, 500)), -100, True, None),
        (clock(STRANGER, LONG), -100, True, None),
        (clock(TIME, LONG), -100, False, None),
    ],
    ids=["after its end", "before its beginning", "the clock's was not valid", "unknown clock", "other signature"],
)
def test_a_time_stamp_that_does_not_show_it_was_valid_saves_no_expired_certificate(
    by: Identity, days: int, told: int | None, old: Path, reader: CredentialsReader, *, of_this: bool
) -> None:
    found, score = read(reader, with_time(old, by, days, of_this=of_this))
    assert (found.state, score, found.reasons[0]) == (CredentialState.INVALID, 0, "signingCredential.expired")
    assert (None if found.history[0].signed_at is None else _days_ago(found)) == told


def _days_ago(found: Credentials) -> int:
    at = found.history[0].signed_at
    assert at is not None
    return round((datetime.datetime.now(datetime.UTC) - at) / datetime.timedelta(days=1))
