"""Signers of content credentials by what their certificates are for, packed credentials, and empty trust lists."""

from __future__ import annotations

import random
import wave
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from analyzer_contract import Credentials, CredentialState
from analyzer_kit.analysis import Trust
from analyzer_kit.errors import Misconfigured
from analyzer_kit.provenance.credentials import CredentialsReader
from analyzer_kit.provenance.judging import DECLARED, statements_on
from analyzer_kit.provenance.store import places_of
from tests.support.media.credentials import GENERATED, alike, authority, created, sign, signer
from tests.support.media.packing import pack

ROOT = authority("Roots")
MAKER = signer(ROOT, "Maker")
CLAIMS = ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
DOCUMENTS = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
MICROSOFT = ObjectIdentifier("1.3.6.1.4.1.311.76.59.1.9")
MAIL, PROGRAMS, SERVERS = (
    ExtendedKeyUsageOID.EMAIL_PROTECTION,
    ExtendedKeyUsageOID.CODE_SIGNING,
    ExtendedKeyUsageOID.SERVER_AUTH,
)


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    with wave.open(str(tmp_path / "plain.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(random.Random(1).randbytes(2000))
    return tmp_path / "plain.wav"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> CredentialsReader:
    folder = tmp_path_factory.mktemp("trust")
    (folder / "list.pem").write_bytes(ROOT.pem)
    return CredentialsReader(Trust(folder=str(folder)))


def read(reader: CredentialsReader, recording: Path) -> Credentials:
    found = reader.read(recording, places_of(recording))
    assert found is not None
    return found


def signed_for(plain: Path, *purposes: ObjectIdentifier) -> Path:
    return sign(plain, plain.with_name("signed.wav"), signer(ROOT, "Maker", purposes=purposes), [created(GENERATED)])


@pytest.mark.parametrize(
    "purposes",
    [(MAIL,), (DOCUMENTS,), (CLAIMS,), (CLAIMS, MAIL), (CLAIMS, DOCUMENTS), (MICROSOFT,)],
    ids=["mail", "documents", "claims", "claims and mail", "claims and documents", "Microsoft's"],
)
def test_a_trusted_signer_by_any_certificate_that_the_standard_names_is_believed(
    purposes: tuple[ObjectIdentifier, ...], plain: Path, reader: CredentialsReader
) -> None:
    found = read(reader, signed_for(plain, *purposes))
    assert (found.state, found.reasons) == (CredentialState.TRUSTED, [])
    assert statements_on(found)[0].score == DECLARED


@pytest.mark.parametrize("purpose", [PROGRAMS, SERVERS], ids=["programs", "servers"])
def test_a_certificate_of_the_trusted_authority_for_something_else_convinces_nobody(
    purpose: ObjectIdentifier, plain: Path, reader: CredentialsReader
) -> None:
    other = alike(lambda: signer(ROOT, "Maker", purposes=[purpose]), MAKER)
    found = read(reader, sign(plain, plain.with_name("signed.wav"), other, [created(GENERATED)], shown=MAKER))
    assert (found.state, statements_on(found)[0].score) == (CredentialState.INVALID, 0)
    assert "signingCredential.invalid" in found.reasons


def test_an_unknown_signer_for_documents_is_unknown_and_not_broken(plain: Path) -> None:
    found = read(CredentialsReader(Trust()), signed_for(plain, DOCUMENTS))
    assert (found.state, found.reasons) == (CredentialState.VALID, ["signingCredential.untrusted"])


def test_packed_credentials_are_unpacked(plain: Path, reader: CredentialsReader) -> None:
    packed = pack(signed_for(plain, MAIL), plain.with_name("packed.wav"), with_much=False)
    found = read(reader, packed)
    assert (found.state, found.reasons) == (CredentialState.INVALID, ["assertion.dataHash.mismatch"])
    assert found.history[0].signer == "Maker Inc, Maker"


def test_what_a_few_bytes_unpack_to_is_bounded(plain: Path, reader: CredentialsReader) -> None:
    packed = pack(signed_for(plain, MAIL), plain.with_name("packed.wav"), with_much=True)
    found = read(reader, packed)
    assert (found.state, found.history) == (CredentialState.UNREADABLE, [])


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN RUBBISH-----"])
def test_a_trust_list_without_a_certificate_is_refused(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "list.pem").write_bytes(content)
    with pytest.raises(Misconfigured):
        CredentialsReader(Trust(folder=str(tmp_path / "none" if content is None else tmp_path)))
