"""The C2PA library (c2pa-python), so set up that it fetches nothing, trusts no one by itself, and reads an open file.

It is loaded before a child is confined, since nothing can be opened afterwards, and from its package alone: its own
search begins in the current folder, where anybody may have put a file of that name.
"""

from __future__ import annotations

import io
import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

_UNPACKED_MIB = 16
"""Most that a compressed part may unpack to."""

_PURPOSES = (
    "1.3.6.1.4.1.62558.2.1",  # c2pa-kp-claimSigning
    "1.3.6.1.5.5.7.3.4",  # id-kp-emailProtection
    "1.3.6.1.5.5.7.3.36",  # id-kp-documentSigning
    "1.3.6.1.4.1.311.76.59.1.9",  # Microsoft's
)
"""What a signer's certificate is for, at least one of them, by the C2PA's specification and its certificate policy.

The library takes the second alone unless it is told, and calls every other signer invalid. It takes those for time
stamps and OCSP in any case.
"""

_SILENCE = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0data\0\0\0\0"


class Unreadable(Exception):
    """The credentials cannot be read; the message is one word that says why."""


def prepare() -> None:
    """Load the library, and have it read something: what it takes executable memory for is there then.

    Its callbacks are made of such memory, which a confined child cannot get; what was used once stays at hand.
    """
    _read(io.BytesIO(_SILENCE), "")


def read_store(recording: Path, anchors: str) -> dict[str, Any] | None:
    """Return what the library says of a file, checked with the content; None if it finds nothing.

    Args:
        recording: the file.
        anchors: certificates of those who are trusted, as PEM.

    Raises:
        Unreadable: it cannot be read.
    """
    with recording.open("rb") as file:
        return _read(file, anchors)


def _read(file: IO[bytes], anchors: str) -> dict[str, Any] | None:
    library = _load()
    with library.Settings.from_dict(_settings(anchors)) as settings, library.Context(settings) as context:
        try:
            with library.Reader(None, file, context=context) as reader:
                return dict(json.loads(reader.json()))
        except (library.C2paError.ManifestNotFound, library.C2paError.NotSupported):
            return None
        except library.C2paError as error:
            raise Unreadable(type(error).__name__.removeprefix("_C2pa") or "Other") from None


def _settings(anchors: str) -> dict[str, Any]:
    trust = {"trust_config": "\n".join(_PURPOSES)}
    if anchors:
        trust["user_anchors"] = anchors
    return {
        "trust": trust,
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
        "core": {"allowed_network_hosts": [], "max_decompressed_manifest_size_in_mb": _UNPACKED_MIB},
    }


def _load() -> Any:  # noqa: ANN401 - a module without types
    folder = find_spec("c2pa")
    if folder is None or folder.origin is None:
        raise ImportError("c2pa-python is not installed")
    os.environ["C2PA_LIBRARY_NAME"] = str(Path(folder.origin).parent / "libs" / "libc2pa_c.so")
    import c2pa

    return c2pa
