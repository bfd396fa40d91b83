"""What stands beside a signature and is not signed: an answer about revocation (OCSP), and a time stamp (RFC 3161).

Both are put in place of the padding that the library leaves in the unprotected header of a COSE signature.
"""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path

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
_SHA256, _ECDSA_SHA256 = "2.16.840.1.101.3.4.2.1", "1.2.840.10045.4.3.2"
_SIGNED_DATA, _TIME_STAMP = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
_KIND, _DIGEST, _CERTIFICATE = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4", "1.2.840.113549.1.9.16.2.47"
_INTEGER, _OCTETS, _OBJECT, _TIME, _SEQUENCE, _SET, _FIRST = 0x02, 0x04, 0x06, 0x18, 0x30, 0x31, 0xA0


def responder(issuer: Identity) -> Identity:
    """Return who answers for an authority whether its certificates are revoked."""
    return _for_one_use(issuer, "Answers", ExtendedKeyUsageOID.OCSP_SIGNING)


def clock(issuer: Identity, days: tuple[int, int] = (-10, 100)) -> Identity:
    """Return who makes time stamps, valid between these days from now."""
    return _for_one_use(issuer, "Clock", ExtendedKeyUsageOID.TIME_STAMPING, days)


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


def with_time(signed: Path, by: Identity, days: float = 0, *, of_this: bool = True) -> Path:
    """Put a time stamp into a signed file; return the file.

    Args:
        signed: the file, which is changed.
        by: who makes it.
        days: which time it tells, from now.
        of_this: whether it is of this file's signature.
    """
    content = signed.read_bytes()
    start = content.rindex(_TAG + _BYTES_16) + len(_TAG)  # two bytes alone are in one signature of a hundred by chance
    protected = content[start : start + 3 + int.from_bytes(content[start + 1 : start + 3])]
    padding = content.rindex(_PAD) + len(_PAD)
    after = padding + 2 + int.from_bytes(content[padding : padding + 2])
    assert content[after : after + 3] == b"\xf6" + _BYTES_8 + b"\x40"  # no payload, then a signature of 64 bytes
    signature = content[after + 1 : after + 67]
    stamped = b"\x84\x70CounterSignature" + protected + b"\x40" + _BYTES_8 + bytes([len(signature)]) + signature
    token = _token(stamped if of_this else stamped + b"!", by, datetime.datetime.now(datetime.UTC) + days * _DAY)
    return _put_beside(signed, "sigTst2", b"\xa1\x69tstTokens\x81\xa1\x63val" + _text_of(token))


def _for_one_use(issuer: Identity, name: str, use: ObjectIdentifier, days: tuple[int, int] = (-10, 100)) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        certificate_builder(name, issuer.certificate.subject, key, days)
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


def _token(data: bytes, by: Identity, at: datetime.datetime) -> bytes:
    """Return the token of a time stamp (RFC 3161): cryptography makes none, and OpenSSL none of another time."""
    algorithm = _der(_SEQUENCE, _object(_SHA256))
    imprint = _der(_SEQUENCE, algorithm, _der(_OCTETS, hashlib.sha256(data).digest()))
    time = _der(_TIME, f"{at:%Y%m%d%H%M%SZ}".encode())
    info = _der(_SEQUENCE, _der(_INTEGER, b"\1"), _object("1.2.3.4"), imprint, _der(_INTEGER, b"\1"), time)
    hashed = _der(_OCTETS, hashlib.sha256(by.der).digest())
    signed = {
        _KIND: _object(_TIME_STAMP),
        _DIGEST: _der(_OCTETS, hashlib.sha256(info).digest()),
        _CERTIFICATE: _der(_SEQUENCE, _der(_SEQUENCE, _der(_SEQUENCE, hashed))),
    }
    attributes = sorted(_der(_SEQUENCE, _object(name), _der(_SET, value)) for name, value in signed.items())
    issuer, serial = by.certificate.issuer.public_bytes(), by.certificate.serial_number
    signer = _der(
        _SEQUENCE,
        _der(_INTEGER, b"\1"),
        _der(_SEQUENCE, issuer, _der(_INTEGER, serial.to_bytes(serial.bit_length() // 8 + 1))),
        algorithm,
        _der(_FIRST, *attributes),
        _der(_SEQUENCE, _object(_ECDSA_SHA256)),
        _der(_OCTETS, by.key.sign(_der(_SET, *attributes), ec.ECDSA(hashes.SHA256()))),
    )
    content = _der(_SEQUENCE, _object(_TIME_STAMP), _der(_FIRST, _der(_OCTETS, info)))
    data_of = (_der(_INTEGER, b"\3"), _der(_SET, algorithm), content, _der(_FIRST, by.der), _der(_SET, signer))
    return _der(_SEQUENCE, _object(_SIGNED_DATA), _der(_FIRST, _der(_SEQUENCE, *data_of)))


def _der(tag: int, *parts: bytes) -> bytes:
    """Return a value of ASN.1 by its distinguished encoding."""
    content = b"".join(parts)
    size = len(content).to_bytes(2).lstrip(b"\0") or b"\0"
    return bytes([tag, *((0x80 + len(size),) if len(content) > 0x7F else ()), *size]) + content


def _object(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    groups = [[part >> shift & 0x7F for shift in (28, 21, 14, 7, 0) if part >> shift or not shift] for part in rest]
    return _der(
        _OBJECT, bytes([40 * first + second]), *(bytes([*(0x80 + high for high in more), low]) for *more, low in groups)
    )
