"""Where the checkout and the cache are."""

from __future__ import annotations

import os
from pathlib import Path


def repo_root() -> Path:
    """Return the checkout's root."""
    return Path(__file__).resolve().parents[2]


def cache_dir() -> Path:
    """Return the folder of what outlives a checkout: ``SILVER_GUARDIAN_CACHE``, else one in the user's cache."""
    explicit = os.environ.get("SILVER_GUARDIAN_CACHE")
    if explicit:
        return Path(explicit)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "silver-guardian"
