"""Signs recordings with content credentials (C2PA), by certificates made here: honest ones, and those of forgers."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
GENERATED, COMPOSITE = "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"
CAPTURED = "digitalCapture"
_MIME = {".wav": "audio/wav", ".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".flac": "audio/flac", ".mp4": "video/mp4",
         ".m4v": "video/x-m4v", ".mov": "video/quicktime", ".avi": "video/avi"}  # fmt: skip
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Identity:
    """A certificate with its key, and the authority that signed it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    issuer: Identity | None = None

    @property
    def pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        """The certificate as it stands in a signature."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def chain(self) -> bytes:
        """The certificate and those above it."""
        return self.pem + (self.issuer.chain if self.issuer else b"")


def authority(name: str) -> Identity:
    """Return a new root certificate of that name."""
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(*(bit in {5, 6} for bit in range(9)))
    builder = certificate_builder(name, name, key, (-1000, 1000)).add_extension(x509.BasicConstraints(True, None), True)
    return Identity(builder.add_extension(usage, True).sign(key, hashes.SHA256()), key)


def signer(
    issuer: Identity,
    name: str,
    days: tuple[int, int] = (-10, 100),
    purposes: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.EMAIL_PROTECTION,),
) -> Identity:
    """Return a certificate for these purposes, valid between these days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = certificate_builder(name, issuer.certificate.subject, key, days)
    return Identity(_for_signing(builder, issuer.key, purposes), key, issuer)


def self_signed(name: str, like: Identity) -> Identity:
    """Return a certificate for signing that names itself as its issuer, with the key of another one."""
    builder = certificate_builder(name, like.certificate.subject, like.key, (-10, 100))
    return Identity(_for_signing(builder, like.key, [ExtendedKeyUsageOID.EMAIL_PROTECTION]), like.key)


def _for_signing(
    builder: x509.CertificateBuilder, by: ec.EllipticCurvePrivateKey, purposes: Sequence[x509.ObjectIdentifier]
) -> x509.Certificate:
    return (
        builder.add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(x509.KeyUsage(*(bit == 0 for bit in range(9))), True)
        .add_extension(x509.ExtendedKeyUsage(purposes), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), False)
        .sign(by, hashes.SHA256())
    )


def certificate_builder(
    name: str, issuer: str | x509.Name, key: ec.EllipticCurvePrivateKey, days: tuple[int, int]
) -> x509.CertificateBuilder:
    """Return a certificate in the making, valid between these days from now; what it is for is added."""
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer if isinstance(issuer, x509.Name) else _name(issuer))
        .public_key(key.public_key())
        .serial_number((1 << 150) + x509.random_serial_number() % (1 << 149))  # always as long
        .not_valid_before(now + days[0] * _DAY)
        .not_valid_after(now + days[1] * _DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )


def _name(name: str) -> x509.Name:
    parts = ((NameOID.COUNTRY_NAME, "KR"), (NameOID.ORGANIZATION_NAME, f"{name} Inc"), (NameOID.COMMON_NAME, name))
    return x509.Name([x509.NameAttribute(*part) for part in parts])


def created(source: str, **more: object) -> dict[str, object]:
    """Return the action that a recording was made, from a kind of source."""
    return {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE + source, **more}


def sign(
    recording: Path,
    target: Path,
    by: Identity,
    actions: Sequence[Mapping[str, object]],
    *,
    parent: Path | None = None,
    elsewhere: str = "",
    shown: Identity | None = None,
) -> Path:
    """Write a signed copy of a recording.

    Args:
        recording: to sign.
        target: is written, of the same kind.
        by: whose signature it is.
        actions: what is said to have been done.
        parent: what it is said to have been made from.
        elsewhere: an address; the credentials are then not in the file.
        shown: what the library is shown while it signs, where it would refuse the other one: a certificate of the same
            length. The forger then puts his own certificate and signature in its place.
    """
    mime = _MIME[target.suffix]
    claim = {"claim_generator_info": [{"name": "Test Maker", "version": "1"}], "title": recording.name}
    unchecked = c2pa.Context(c2pa.Settings.from_dict({"verify": {"verify_after_sign": False}}))
    builder = c2pa.Builder(claim, unchecked)
    if parent is not None:
        builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
        with parent.open("rb") as file:
            builder.add_ingredient(json.dumps({"title": parent.name, "relationship": "parentOf"}), mime, file)
    for action in actions:
        builder.add_action(dict(action))
    if elsewhere:
        builder.set_remote_url(elsewhere)
        builder.set_no_embed()
    seen: Identity = shown or by
    forged: dict[bytes, bytes] = {}

    def sign_bytes(data: bytes) -> bytes:
        honest = _signature(seen, data)
        if shown is not None:
            forged.update({shown.der: by.der, honest: _signature(by, data.replace(shown.der, by.der))})
        return honest

    made = c2pa.Signer.from_callback(sign_bytes, c2pa.C2paSigningAlg.ES256, seen.chain.decode())
    with recording.open("rb") as source, target.open("w+b") as out:
        builder.sign(made, mime, source, out)
    for before, after in forged.items():
        content = target.read_bytes()
        assert before in content
        target.write_bytes(content.replace(before, after))
    return target


def _signature(by: Identity, data: bytes) -> bytes:
    signature = by.key.sign(data, ec.ECDSA(hashes.SHA256()))
    return b"".join(part.to_bytes(32) for part in decode_dss_signature(signature))


def alike(make: Callable[[], Identity], shown: Identity) -> Identity:
    """Return what ``make`` makes, as long as another certificate: signatures differ by some bytes."""
    return next(one for one in iter(make, None) if len(one.der) == len(shown.der))
