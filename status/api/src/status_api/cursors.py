"""Cursors: opaque to clients, and checked when they come back.

One is no secret and opens nothing: whatever it says, a list holds the tenant's own analyses alone.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime

from status_api.errors import BadCursor
from status_api.ports import Position
from status_api.wire import ID_PATTERN

MAX_LENGTH = 512
_MICROSECOND = 1_000_000
_PLAIN = re.compile(r"v1 (-?[0-9]{1,18}) (.{1,253})")


def write(position: Position) -> str:
    """Give the cursor for a position."""
    micros = round(position.created_at.timestamp() * _MICROSECOND)
    return base64.urlsafe_b64encode(f"v1 {micros} {position.id}".encode()).decode().rstrip("=")


def read(cursor: str) -> Position:
    """Give the position that a cursor stands for.

    Raises:
        BadCursor: this API did not write it.
    """
    try:
        plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        found = _PLAIN.fullmatch(plain)
        if found is None or not re.fullmatch(ID_PATTERN, found[2]):
            raise BadCursor(cursor)
        position = Position(datetime.fromtimestamp(int(found[1]) / _MICROSECOND, UTC), found[2])
    except (binascii.Error, ValueError, OverflowError, OSError) as error:
        raise BadCursor(cursor) from error
    if write(position) != cursor:
        raise BadCursor(cursor)
    return position
