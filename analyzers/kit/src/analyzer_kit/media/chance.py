"""Bytes that look like chance, as those of an encrypted file do: nothing says what it is, but that can be said."""

from __future__ import annotations

from collections import Counter

_FEWEST = 2048
_VALUES = 256
_LOW, _HIGH = 150.0, 370.0
"""Of chi-squared with 255 degrees of freedom: chance is outside of it once in a million times. Compressed sound and
pictures have thousands in 64 KiB, as some values are commoner than others in them."""


def looks_like_chance(data: bytes) -> bool:
    """Return whether each value is as frequent in ``data`` as in bytes that were drawn by chance."""
    if len(data) < _FEWEST:
        return False
    expected = len(data) / _VALUES
    counts = Counter(data)
    squared = sum((counts[value] - expected) ** 2 for value in range(_VALUES)) / expected
    return _LOW < squared < _HIGH
