"""What the card of the wideband model says first: which recordings stood there twice, or were known to their judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from guardian_models.manifest import Calibration, SoundManifest
from ml.common import metrics
from ml.voice.data import packaged, sent
from ml.voice.data.published import Clip
from ml.voice.evaluate.shares import by_class, counts_for_korean, share
from ml.voice.evaluate.tables import table
from ml.voice.train.joining import Judged

INTRODUCTION: Final = """\
Until 2026-11-29 this page counted recordings twice that sources publish twice, and called people new to a network that
knew them by another name, or that the texture knew from packages
([why](../adr/0110-one-sound-once-one-person-one-name.md)). Now each sound counts once (`ml/voice/data/doubles.py`
compares the sounds), each person has one name (`ml/voice/data/people.py`), and whom a part of the model knows is left
out of all figures but the thresholds: those have to lie above them as well."""

MADE_AGAIN: Final = """\
**The model file is the same, and its own three networks cannot be asked again**: only their mean was kept. The figures
of this page are those of the same recipe and seed, made again, which is another network
([how far](../adr/0105-halfway-between-two-networks.md)). The first column is what this page said of the networks that
ship."""

_BEFORE: Final[tuple[tuple[str, str], ...]] = (
    ("22.1 %", "19.7 %"),
    ("25.7 %", "24.7 %"),
    ("33 of 65", "36 of 65"),
    ("0.850; 43.7 %", "0.866; 44.7 %"),
    ("0.861", "0.831"),
    ("0, 0 of 740", "0, 0 of 740"),
    ("0, 1 of 1931", "0, 9 of 1931"),
    ("2.61, 2.91", "2.89, 3.48"),
)
"""What the same rows were with all doubles: of the networks that ship (0066), and of those made again (0105)."""


@dataclass(frozen=True)
class Run:
    """What was measured.

    Attributes:
        manifest: of the model that ships, calibrated.
        networks: sha256 of the mean of the networks that judge.
        refitted: thresholds that follow from them for all folds.
        everything: all published clips, doubles too.
        once: those of them that count.
    """

    manifest: SoundManifest
    networks: str
    refitted: Calibration
    everything: Sequence[Clip]
    once: Sequence[Clip]

    @property
    def made_again(self) -> bool:
        """Whether other networks judge than those whose mean ships."""
        return self.networks != self.manifest.source.sha256


def lines(run: Run, found: Sequence[Clip], tried: Sequence[Judged]) -> list[str]:
    """Return the section.

    Args:
        run: what was measured.
        found: every clip that is tried.
        tried: those in the domain, as they are and sent; also whom the network knew.
    """
    body = [
        [name, *before, now]
        for (name, now), before in zip(_now(found, [e for e in tried if not e.met], run.refitted), _BEFORE, strict=True)
    ]
    head = ["", "the networks that ship, with all doubles", "made again, with all doubles", "now: each sound once"]
    return [
        INTRODUCTION,
        "",
        *_doubles(run),
        *_known(tried),
        "",
        *([MADE_AGAIN, "", *table(head, body)] if run.made_again else []),
    ]


def _doubles(run: Run) -> list[str]:
    kept = {clip.name for clip in run.once}
    recordings = [clip for clip in run.everything if not clip.synthetic]
    of = Counter(clip.narrow for clip in recordings)
    left = Counter(clip.narrow for clip in recordings if clip.name not in kept)
    return [
        f"- Of {of[False]} recordings {left[False]} are the sound of another one, and do not count any "
        f"more. Of the {of[True]} of a telephone's band, which are outside of the domain, {left[True]} are."
    ]


def _known(tried: Sequence[Judged]) -> list[str]:
    met = [entry for entry in tried if entry.met and not entry.clip.synthetic]
    plain = [entry.clip for entry in met if entry.way == sent.AS_RECORDED]
    packages = Counter(clip.repository for clip in plain if clip.repository in packaged.REPOSITORIES)
    people = Counter(clip.person for clip in plain if clip.repository not in packages)
    accused, suspected = (sum(getattr(entry, what) for entry in met) for what in ("accused", "suspected"))
    return [
        f"- {len(plain)} recordings in the domain, and {len(met) - len(plain)} copies of them, are left out, because "
        f"the network or the texture knows their person by another name: {_counted(people)}; or because the texture "
        f"learned from a package of their repository: {_counted(packages)}. Judged nevertheless, of recordings and "
        f"copies {accused} would be `LikelyFake`, and {suspected} `Suspicious` or worse."
    ]


def _counted(names: Counter[str]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in sorted(names.items(), key=lambda n: (-n[1], n[0])))


def _now(found: Sequence[Clip], tried: Sequence[Judged], refitted: Calibration) -> list[tuple[str, str]]:
    """Return the names and the figures of the rows."""
    plain = [entry for entry in tried if entry.way == sent.AS_RECORDED]
    synthetic = [entry for entry in plain if entry.clip.synthetic]
    count = sum(clip.synthetic for clip in found)
    families = {clip.family for clip in found if clip.synthetic}
    missed = families - {entry.clip.family for entry in synthetic if entry.suspected}
    scores, korean = by_class(plain), by_class(list(filter(counts_for_korean, plain)))
    at = 100 * metrics.detection_at(0.01)(*scores)
    people = [
        f"{sum(e.accused for e in of)}, {sum(e.suspected and not e.accused for e in of)} of {len(of)}"
        for of in (
            [e for e in plain if not e.clip.synthetic],
            [e for e in tried if e.way != sent.AS_RECORDED and not e.clip.synthetic],
        )
    ]
    return [
        ("synthetic clips that are `LikelyFake`, of all", share(sum(e.accused for e in synthetic), count)),
        ("… `Suspicious` or worse", share(sum(e.suspected for e in synthetic), count)),
        ("systems of which no clip is found", f"{len(missed)} of {len(families)}"),
        ("AUC; found at 1 %", f"{metrics.auc(*scores):.3f}; {at:.1f} %"),
        ("AUC of Korean synthetic clips", f"{metrics.auc(*korean):.3f}" if len(korean[1]) else ""),
        ("recordings that are `LikelyFake`, only `Suspicious`", people[0]),
        ("copies of recordings, the same", people[1]),
        (
            "`Suspicious` from, `LikelyFake` from, all folds",
            f"{refitted.threshold:.2f}, {refitted.strict_threshold:.2f}",
        ),
    ]
