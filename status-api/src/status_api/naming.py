"""Names: the name of an analysis in the cluster, and its id in this API.

An id is opaque to clients: the name that finds it in the cluster, and the UID that finds it in the database and tells
it from an earlier one of the same name.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass

_BYTES = 16
_ID = re.compile(r"([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
ID_LIMIT = 253 + 1 + 36


@dataclass(frozen=True, slots=True)
class Key:
    """Which AnalysisRequest of a tenant's namespace."""

    name: str
    uid: str

    @property
    def id(self) -> str:
        """Its id in this API."""
        return f"{self.name}.{self.uid}"


def key_of(id_: str) -> Key | None:
    """Return the key that an id stands for, or None if the text is not an id."""
    match = _ID.fullmatch(id_)
    return Key(match[1], match[2]) if match else None


def name_for(tenant: str, idempotency_key: str | None) -> str:
    """Return the name for a new analysis: the same one for the same key, and a random one without a key."""
    if idempotency_key is None:
        raw = secrets.token_bytes(_BYTES)
    else:
        raw = hashlib.sha256(f"{tenant}\0{idempotency_key}".encode()).digest()[:_BYTES]
    return "a-" + base64.b32encode(raw).decode().rstrip("=").lower()
