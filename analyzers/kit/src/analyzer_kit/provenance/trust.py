"""Whom an installation trusts: the certificates of a folder, as PEM."""

from __future__ import annotations

from pathlib import Path

from analyzer_kit.analysis import Trust
from analyzer_kit.errors import Misconfigured

_BEGIN = "-----BEGIN CERTIFICATE-----"
_MOST_BYTES = 8 * 1024 * 1024
"""The official list has some dozens of certificates of about 1 kB."""


def anchors_of(trust: Trust) -> str:
    """Return the certificates of all ``*.pem`` files in the folder; empty if none is named: then no signer is trusted.

    Raises:
        Misconfigured: the folder cannot be read, or holds no certificate.
    """
    if trust.folder is None:
        return ""
    folder = Path(trust.folder)
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".pem")
        if sum(path.stat().st_size for path in files) > _MOST_BYTES:
            raise Misconfigured(f"The trust list in {folder} has more than {_MOST_BYTES >> 20} MiB.")
        text = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)
    except OSError as error:
        raise Misconfigured(f"The trust list in {folder} cannot be read: {error}") from error
    if _BEGIN not in text:
        raise Misconfigured(f"There is no certificate in {folder}: put files *.pem there, or unset GUARDIAN_TRUST.")
    return _certificates(text)


def _certificates(text: str) -> str:
    """Return the certificates alone: what lists have between them, such as names, is not for a parser."""
    end = _BEGIN.replace("BEGIN", "END")
    parts = (part.partition(end)[0] for part in text.split(_BEGIN)[1:])
    return "\n".join(f"{_BEGIN}{part.rstrip()}\n{end}" for part in parts) + "\n"
