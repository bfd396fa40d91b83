"""The id of an analysis: the name of its AnalysisRequest, which is unique within its tenant's namespace."""

from __future__ import annotations

import base64
import hashlib
import secrets

_BYTES = 16


def name_for(tenant: str, idempotency_key: str | None) -> str:
    """Give the name for a new analysis: the same for the same key, and one that nobody guesses without one."""
    if idempotency_key is None:
        raw = secrets.token_bytes(_BYTES)
    else:
        raw = hashlib.sha256(f"{tenant}\0{idempotency_key}".encode()).digest()[:_BYTES]
    return "a-" + base64.b32encode(raw).decode().rstrip("=").lower()
