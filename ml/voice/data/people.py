"""One name for each person, whatever a source calls them.

The voices of a few corpora recur in many repositories, under names of the repositories' own, or under none beside a
file name of the corpus. Who is learned from under one name must not be judged under another.
"""

from __future__ import annotations

import re
from typing import Final

_CORPORA: Final[tuple[tuple[str, str, str], ...]] = (
    ("LJ", r"LJ|ljspeech", r"LJ\d{3}-\d{4}"),
    ("VCTK {}", r"(?:vctk-)?p(\d{3})", r"p(\d{3})_\d{3}"),
    ("LibriVox {}", r"(?:libri-|libritts-|librispeech-)?(\d{2,5})", r"(\d+)[-_]\d{2,6}[-_]\d{4,6}(?:_\d{6})?"),
    ("DAPS {}", r"([fm]\d{1,2})", r"([fm]\d{1,2})_script\d.*"),
)
"""What to call a person, how sources name them, and how the corpus names their files. LibriSpeech, LibriTTS and MLS
number readers as LibriVox does."""


def name(speaker: str, path: str) -> str:
    """Return what a person is called here; empty if neither the source nor the file's name says who it is.

    Args:
        speaker: the source's name for the person, empty if it has none.
        path: of the file in its repository.
    """
    stem = re.sub(r"^(?:source|target)_|-22k$", "", path.rpartition("/")[2].rpartition(".")[0])
    for called, spoken, filed in _CORPORA:
        if found := re.fullmatch(spoken, speaker) or re.fullmatch(filed, stem):
            return called.format(*found.groups())
    return speaker
