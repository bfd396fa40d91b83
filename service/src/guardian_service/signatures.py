"""How the operator and the analyzers prove to each other that they are of one installation.

Both have a file with the installation's secrets, one a line. The operator signs each job with the first; an analyzer
takes any of them, so that they can be replaced while everything runs, and proves with the one that it found. The secret
itself is never sent: the address of a pod that has gone may be somebody else's by now.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

AUTHORIZATION = "Authorization"
PROOF = "Guardian-Proof"

_SCHEME = "Guardian-HMAC-SHA256"
_HEADER = re.compile(rf"{_SCHEME} time=(\d{{1,12}}),nonce=([0-9a-f]{{32}}),mac=([0-9a-f]{{64}})")
_LONGEST_SECONDS = 300
"""How far the clocks of two nodes may be apart, and how long a job that somebody has overheard can be sent again."""


@dataclass(frozen=True)
class SecretFile:
    """The file with an installation's secrets. It is read each time, since it may be replaced at any moment."""

    path: Path

    def read(self) -> list[bytes]:
        """Return the secrets, the one to sign with first; none if the file is missing or empty."""
        try:
            lines = self.path.read_bytes().splitlines()
        except OSError:
            return []
        return [line.strip() for line in lines if line.strip()]


@dataclass(frozen=True)
class Signature:
    """What goes with a job, and what has to come back.

    Attributes:
        header: of the request.
        proof: the header that only somebody with the same secret can answer with.
    """

    header: str
    proof: str


def sign(secret: bytes, body: bytes, now: float) -> Signature:
    """Return the signature of a job.

    Args:
        secret: of the installation.
        body: of the request.
        now: Unix seconds.
    """
    return _signature(secret, body, str(int(now)), secrets.token_hex(16))


def verified(header: str, body: bytes, accepted: list[bytes], now: float) -> Signature | None:
    """Return the signature of a request, or None if it was not made with one of the secrets, or not just now."""
    match = _HEADER.fullmatch(header)
    if match is None or abs(now - int(match[1])) > _LONGEST_SECONDS:
        return None
    for secret in accepted:
        expected = _signature(secret, body, match[1], match[2])
        if hmac.compare_digest(expected.header, header):
            return expected
    return None


def _signature(secret: bytes, body: bytes, time: str, nonce: str) -> Signature:
    mac = _mac(secret, f"job {time} {nonce} {hashlib.sha256(body).hexdigest()}")
    return Signature(f"{_SCHEME} time={time},nonce={nonce},mac={mac}", _mac(secret, f"proof {nonce}"))


def _mac(secret: bytes, text: str) -> str:
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
