"""Cursors: opaque to clients, and checked when they come back.

A cursor is not a secret and gives no access: whatever it says, a list holds only the tenant's own analyses.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta

from status_api.errors import BadCursor
from status_api.ports import Position

_PLAIN = re.compile(r"v1 ([0-9]{1,17}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_START = datetime(1970, 1, 1, tzinfo=UTC)


def write(position: Position) -> str:
    """Return the cursor for a position."""
    micros = (position.created_at - _START) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(f"v1 {micros} {position.uid}".encode()).decode().rstrip("=")


def read(cursor: str) -> Position:
    """Return the position that a cursor stands for.

    Raises:
        BadCursor: this API did not write it.
    """
    try:
        plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        match = _PLAIN.fullmatch(plain)
        if match is None:
            raise BadCursor(cursor)
        position = Position(_START + timedelta(microseconds=int(match[1])), match[2])
    except (binascii.Error, ValueError, OverflowError) as error:
        raise BadCursor(cursor) from error
    if write(position) != cursor:
        raise BadCursor(cursor)
    return position
