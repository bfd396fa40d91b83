"""What stands beside a signature and is not signed: an answer about revocation (OCSP), and a time stamp (RFC 3161).

Both are put in place of the padding that the library leaves in the unprotected header of a COSE signature.
"""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path
from subprocess import run

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from tests.support.media.credentials import Identity, certificate_builder

_DAY = datetime.timedelta(days=1)
_PAD = b"\xa1\x63pad\x59"
"""A header that holds nothing but padding, of a length in two bytes."""

_TAG, _BYTES_16, _BYTES_8 = b"\xd2\x84", b"\x59", b"\x58"
_CONFIG = """[tsa]
default_tsa = clock
[clock]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
ess_cert_id_alg = sha256
"""


def responder(issuer: Identity) -> Identity:
    """Return who answers for an authority whether its certificates are revoked."""
    return _for_one_use(issuer, "Answers", ExtendedKeyUsageOID.OCSP_SIGNING)


def clock(issuer: Identity) -> Identity:
    """Return who makes time stamps."""
    return _for_one_use(issuer, "Clock", ExtendedKeyUsageOID.TIME_STAMPING)


def with_answer(signed: Path, of: Identity, by: Identity, *, revoked: bool) -> Path:
    """Put the answer about a certificate into a signed file; return the file.

    Args:
        signed: the file, which is changed.
        of: the certificate that it was signed with.
        by: who answers.
        revoked: what the answer is, of two days ago.
    """
    assert of.issuer is not None
    now = datetime.datetime.now(datetime.UTC)
    answer = ocsp.OCSPResponseBuilder().add_response(
        cert=of.certificate,
        issuer=of.issuer.certificate,
        algorithm=hashes.SHA256(),
        cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
        this_update=now - _DAY,
        next_update=now + _DAY,
        revocation_time=now - 2 * _DAY if revoked else None,
        revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
    )
    named = answer.responder_id(ocsp.OCSPResponderEncoding.HASH, by.certificate).certificates([by.certificate])
    der = named.sign(by.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    return _put_beside(signed, "rVals", b"\xa1\x68ocspVals\x81" + _text_of(der))


def with_time(signed: Path, by: Identity, folder: Path, *, of_this: bool = True) -> Path:
    """Put a time stamp of now into a signed file; return the file.

    Args:
        signed: the file, which is changed.
        by: who makes it.
        folder: for what OpenSSL needs.
        of_this: whether it is of this file's signature.
    """
    content = signed.read_bytes()
    start = content.rindex(_TAG) + len(_TAG)
    protected = content[start : start + 3 + int.from_bytes(content[start + 1 : start + 3])]
    padding = content.rindex(_PAD) + len(_PAD)
    after = padding + 2 + int.from_bytes(content[padding : padding + 2])
    assert content[after : after + 3] == b"\xf6" + _BYTES_8 + b"\x40"  # no payload, then a signature of 64 bytes
    signature = content[after + 1 : after + 67]
    stamped = b"\x84\x70CounterSignature" + protected + b"\x40" + _BYTES_8 + bytes([len(signature)]) + signature
    token = _token(stamped if of_this else stamped + b"!", by, folder)
    return _put_beside(signed, "sigTst2", b"\xa1\x69tstTokens\x81\xa1\x63val" + _text_of(token))


def _for_one_use(issuer: Identity, name: str, use: ObjectIdentifier) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        certificate_builder(name, issuer.certificate.subject, key, (-10, 100))
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(x509.KeyUsage(*(bit == 0 for bit in range(9))), True)
        .add_extension(x509.ExtendedKeyUsage([use]), True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False)
        .sign(issuer.key, hashes.SHA256())
    )
    return Identity(certificate, key, issuer)


def _put_beside(signed: Path, name: str, value: bytes) -> Path:
    content = signed.read_bytes()
    at = content.rindex(_PAD)
    start = at + len(_PAD)
    room = int.from_bytes(content[start : start + 2])
    entry = bytes([0x60 + len(name)]) + name.encode() + value
    left = room - len(entry)
    header = b"\xa2" + entry + _PAD[1:] + left.to_bytes(2) + bytes(left)
    signed.write_bytes(content[:at] + header + content[start + 2 + room :])
    return signed


def _text_of(content: bytes) -> bytes:
    return _BYTES_16 + len(content).to_bytes(2) + content


def _token(data: bytes, by: Identity, folder: Path) -> bytes:
    """Return the token of a time stamp, which cryptography cannot make."""
    pem, plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "clock.pem").write_bytes(by.pem)
    (folder / "clock.key").write_bytes(by.key.private_bytes(pem, plain, serialization.NoEncryption()))
    (folder / "clock.cnf").write_text(_CONFIG.format(folder=folder))
    (folder / "serial").write_text("01\n")
    hashed = hashlib.sha256(data).hexdigest()
    query = ("openssl", "ts", "-query", "-digest", hashed, "-sha256", "-cert", "-out", "query")
    reply = ("openssl", "ts", "-reply", "-config", "clock.cnf", "-queryfile", "query", "-signer", "clock.pem")
    for command in (query, (*reply, "-inkey", "clock.key", "-token_out", "-out", "token")):
        run(command, cwd=folder, check=True, capture_output=True)
    return (folder / "token").read_bytes()
