"""Files that are made once on a machine, for every process and run of the tests; what they are made of names them."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from tests.cluster.paths import cache_dir


def kept(kind: str, key: bytes, make: Callable[[Path], None], suffix: str = "") -> Path:
    """Return the file of this kind that was made of ``key``; others who ask for it meanwhile wait until it is there.

    Args:
        kind: a folder's name.
        key: all that the content depends on: the input, and the code that makes it.
        make: writes the file.
        suffix: how the file's name ends.
    """
    folder = cache_dir() / "tests" / kind
    folder.mkdir(parents=True, exist_ok=True)
    name = sha256(key).hexdigest()
    path = folder / f"{name}{suffix}"
    with (folder / f"lock-{name[0]}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            partial = folder / f"partial-{name}{suffix}"
            make(partial)
            partial.replace(path)
    return path
