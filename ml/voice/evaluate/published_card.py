"""The card of what the shipped voice model says of published speech that it never met."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np

from analyzer_contract import Verdict
from audio_analyzer.calibrated import claim_of
from guardian_models.manifest import Calibration, SoundManifest
from ml.common import metrics
from ml.voice.data import packaged, published
from ml.voice.data.published import Clip
from ml.voice.evaluate.heard import AS_IT_IS, SYNTHETIC_EVERY, ScoredTrial
from ml.voice.evaluate.shares import areas, by, counts_for_korean, korean, people, share
from ml.voice.evaluate.tables import groups, reliability_table, table
from ml.voice.train.joining import SOURCE_FROM, Judged

CARD: Final = "docs/cards/voice-texture-published.md"

_FEW: Final = 3
"""Clips of a system; with fewer, none found says little."""
_MOST_SUSPECTED: Final = 0.03
"""Share of the recordings of a source, or of a way, above which it is a failure."""
_MET: Final = (
    *("vits", "hifi-gan", "melgan", "istft", "styletts2", "mellotron"),
    *("world", "griffin-lim", "clustergen", "hts", "diphone", "clunits"),
)
"""Parts of systems that voices of the packages have as well, from which the model learned."""

ABOUT: Final = """\
The model that ships learned from packages alone, and the thresholds are those that ship: nothing is left out and
learned again; it is what a user gets. Each sound counts once, though some stand in two repositories, or twice in one
([why](../adr/0110-one-sound-once-one-person-one-name.md)). **The model knows some people of this page**: packages hold
the same recordings, or others of the same repository or speaker (`ml/voice/data/packaged.py`). They are left out of all
figures but the highest score. Every other source and person is new to it.
One thing does come from here: `LikelyFake` begins above the highest score of a recording of this page, so that none of
them is `LikelyFake` tells nothing of other people. That recording, sent by Opus at 24 kbit/s and cut to four seconds
from half a second on, scores 4.078, more than anything below; that set the threshold
([why](../adr/0055-two-ears.md#messengers-set-the-threshold-of-what-ships)).
Some systems have a vocoder or a method in common with voices that it learned from: there is a row for either kind.

It is asked as the analyzer asks it: windows with speech, the mean of those in its domain. A clip has five seconds at
most, so mostly one window: a longer recording gives more, and a steadier mean."""

CONCLUDE: Final = """\
- **LikelyFake**: no recording of a person among those of this page scores as high, sent or not, and the highest leaves
  a margin of 5 %. Hardly any synthetic clip does either.
- **Suspicious**: some recordings of people, most of them after a messenger. Ask back by another way before you act.
- **No evidence** says nearly nothing: most clips of systems that the model never met get it.
- **Inconclusive**: telephone speech, noise, clipping and a narrow band are outside of what was measured."""

GAPS: Final = """\
- Published demonstrations: read aloud, clean, in English for the most part. Four recordings are Korean, so of Korean
  people nothing is known; no voice was cloned to deceive.
- Labels are those of the sources' pages, and nobody listened to all. No system's year is stated.
- Nine tenths of the recordings of read books in the domain come from one repository.
- Formats differ by class (MP3: 19 % of the synthetic clips, 4 % of the recordings): see the tables by coder.
- The rows of ways that are no voice message have few people, and other ones each; so have those of synthetic clips."""


def text(heard: Sequence[ScoredTrial], manifest: SoundManifest, doubles: int) -> str:
    """Return the card.

    Args:
        heard: every clip as it is, and some after one of the ways.
        manifest: of the model, calibrated.
        doubles: how many recordings are left out, since they are the sound of one that is heard.
    """
    calibration = manifest.calibration
    if calibration is None:
        raise ValueError(f"{manifest.id} is not calibrated")
    new = [entry for entry in heard if not packaged.known(entry.clip)]
    plain = [entry for entry in new if entry.way == AS_IT_IS]
    judged = judge(plain, calibration)
    highest = max((e.score for e in heard if e.score is not None and not e.clip.synthetic), default=float("nan"))
    parts: list[list[str]] = [
        _head([entry.clip for entry in plain], manifest, calibration),
        _left_out(heard, calibration, doubles),
        ["## What fails", "", *_failures(new, calibration), ""],
        ["## Measured", "", *_measured(plain, judged, highest), ""],
        ["## What you may conclude", "", CONCLUDE, ""],
        ["## By what it went through", "", *_ways(new, calibration), ""],
        *([f"## {title}", "", *by(group, key), ""] for title, group, key in _groupings(judged)),
        ["## Recordings, by person", "", *people([entry for entry in judged if not entry.clip.synthetic]), ""],
        ["## Reliability", "", *_reliability(judged), ""],
        ["## Limits of the data", "", GAPS],
    ]
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def judge(heard: Iterable[ScoredTrial], calibration: Calibration) -> list[Judged]:
    """Return the verdicts of those in the domain."""
    return [
        _judged(entry.clip, entry.score, claim_of(calibration, entry.score, 0), calibration)
        for entry in heard
        if entry.score is not None
    ]


def _judged(clip: Clip, score: float, claim: Verdict, calibration: Calibration) -> Judged:
    probability = float(metrics.probability(np.array(score), calibration.slope, calibration.intercept))
    accused = claim is Verdict.LIKELY_FAKE
    return Judged(clip, score, probability, accused or claim is Verdict.SUSPICIOUS, accused)


def relative(clip: Clip) -> str:
    """Return whether a system has a part in common with what the model learned from, as a table's first column."""
    return "a part that it learned from" if any(part in clip.lineage.lower() for part in _MET) else "no such part"


def _head(found: Sequence[Clip], manifest: SoundManifest, calibration: Calibration) -> list[str]:
    recorded = [clip for clip in found if not clip.synthetic]
    systems = {clip.family for clip in found if clip.synthetic}
    return [
        f"# Published speech, most of which `{manifest.id}` never met",
        "",
        f"Model file sha256 `{manifest.sha256[:12]}`. {len(found) - len(recorded):,} synthetic clips of {len(systems)} "
        f"systems, and {len(recorded)} recordings of {len({clip.person for clip in recorded})} people, from "
        f"{len({clip.repository for clip in found})} repositories (`ml/voice/data/published.py`); names of all clips: "
        f"`{published.digest(found)[:16]}`. `make eval EVAL_ARGS=--published-only` writes this file.",
        "",
        ABOUT,
        "",
        f"`Suspicious` from a score of {calibration.threshold:.3f}, `LikelyFake` from "
        f"{calibration.strict_threshold:.3f}. Intervals are Wilson's, 95 %, by clip; clips of one system or person "
        "resemble each other, so the true ones are wider.",
        "",
    ]


def _left_out(heard: Sequence[ScoredTrial], calibration: Calibration, doubles: int) -> list[str]:
    """Return how many recordings are doubles, whom the model knows, and what it would say of them."""
    known = [entry for entry in heard if packaged.known(entry.clip)]
    people = {entry.clip.person for entry in known}
    judged = judge(known, calibration)
    accused, suspected = (sum(getattr(entry, what) for entry in judged) for what in ("accused", "suspected"))
    return [
        f"Left out are {doubles} recordings that are the sound of another one, and "
        f"{len({entry.clip for entry in known})} recordings of {len(people)} people whom the model knows. Judged "
        f"nevertheless, as they are and sent, {accused} of {len(judged)} in the domain would be `LikelyFake`, and "
        f"{suspected} `Suspicious` or worse.",
        "",
    ]


def _failures(heard: Sequence[ScoredTrial], calibration: Calibration) -> list[str]:
    """Return who is accused, the sources and ways above the bar, and the systems that are never found."""
    lines, sources = [], []
    for way, group in _by_way(heard):
        recorded = [entry for entry in judge(group, calibration) if not entry.clip.synthetic]
        lines += [
            f"- `{entry.clip.name}` ({entry.clip.person}), a recording, is `LikelyFake`, {way}."
            for entry in recorded
            if entry.accused
        ]
        sources += _above(f"recordings, {way}", recorded)
        for name, of in groups(recorded, lambda entry: entry.clip.repository):
            sources += _above(f"source {name}, {way}", of)
    synthetic = [entry for entry in judge(heard, calibration) if entry.clip.synthetic]
    missed = [
        f"{family} ({len(of)})"
        for family, of in groups(synthetic, lambda entry: entry.clip.family)
        if len(of) >= _FEW and not any(entry.suspected for entry in of)
    ]
    none = f"- no clip is found of {len(missed)} systems (clips as they are, and sent): {', '.join(missed)}."
    return [*lines, *sources, none]


def _above(what: str, recorded: Sequence[Judged]) -> list[str]:
    suspected = sum(entry.suspected for entry in recorded)
    if len(recorded) < SOURCE_FROM or suspected <= _MOST_SUSPECTED * len(recorded):
        return []
    return [f"- **{what}**: {share(suspected, len(recorded))} of {len(recorded)} are `Suspicious` or worse."]


def _measured(plain: Sequence[ScoredTrial], judged: Sequence[Judged], highest: float) -> list[str]:
    synthetic, recorded = ([entry for entry in judged if entry.clip.synthetic is label] for label in (True, False))
    families = {entry.clip.family for entry in plain if entry.clip.synthetic}
    found = {entry.clip.family for entry in synthetic if entry.suspected}
    count = sum(entry.clip.synthetic for entry in plain)
    body = [
        ["synthetic clips that are `LikelyFake`, of all", share(sum(e.accused for e in synthetic), count), "40 %"],
        ["… `Suspicious` or worse, of all", share(sum(e.suspected for e in synthetic), count), "60 %"],
        ["systems of which no clip is found", f"{len(families - found)} of {len(families)}", "25 of 162"],
        *areas("in the domain", judged, (".93", "14 %", "50 %")),
        *areas("Korean synthetic, all recordings", list(filter(counts_for_korean, judged)), (".93", "", "")),
        ["recordings that are `LikelyFake`", share(sum(e.accused for e in recorded), len(recorded)), "0"],
        ["… `Suspicious` or worse", share(sum(e.suspected for e in recorded), len(recorded)), "3 % in any source"],
        ["highest score of a recording, as it is or sent", f"{highest:.3f}", ""],
        ["clips in the domain", f"{len(judged):,} of {len(plain):,}", ""],
    ]
    return table(["", "measured", "bar"], body)


def _by_way(heard: Sequence[ScoredTrial]) -> list[tuple[str, list[ScoredTrial]]]:
    return groups(heard, lambda entry: entry.way)


def _ways(heard: Sequence[ScoredTrial], calibration: Calibration) -> list[str]:
    body = []
    for way, group in _by_way(heard):
        cells = [way]
        for label in (False, True):
            of = [entry for entry in group if entry.clip.synthetic is label]
            judged = judge(of, calibration)
            suspected, accused = (sum(getattr(entry, what) for entry in judged) for what in ("suspected", "accused"))
            cells += [f"{len(judged)} of {len(of)}", share(suspected, len(judged)), share(accused, len(judged))]
        body.append(cells)
    head = ["", *("recordings in the domain", "`Suspicious` or worse", "`LikelyFake`")]
    head += ["synthetic in the domain", "`Suspicious` or worse", "`LikelyFake`"]
    chosen = (
        "Each recording was sent as a voice message in three ways (Opus 16, Opus 24, forwarded) and went one of the "
        f"others; of the synthetic clips one in {SYNTHETIC_EVERY} went one way."
    )
    return [chosen, "", *table(head, body)]


def _groupings(judged: Sequence[Judged]) -> list[tuple[str, Sequence[Judged], Callable[[Clip], str]]]:
    """Return what the tables of clips as they are show: title, clips, and the key of a row."""
    synthetic, recorded = ([entry for entry in judged if entry.clip.synthetic is label] for label in (True, False))
    return [
        ("Synthetic speech, by kind", synthetic, lambda clip: clip.kind),
        ("Synthetic speech, with and without a relative", synthetic, relative),
        ("Synthetic speech, by lineage", synthetic, lambda clip: clip.lineage or "not stated"),
        ("Synthetic speech, by system", synthetic, lambda clip: clip.family),
        ("Synthetic speech, Korean and other", synthetic, korean),
        ("Synthetic speech, by coder of the file", synthetic, lambda clip: clip.coder),
        ("Recordings, by source", recorded, lambda clip: clip.repository),
        ("Recordings, by kind", recorded, lambda clip: clip.kind),
        ("Recordings, by language", recorded, lambda clip: clip.language or "not stated"),
        ("Recordings, by coder of the file", recorded, lambda clip: clip.coder),
    ]


def _reliability(judged: Sequence[Judged]) -> list[str]:
    return reliability_table(
        *(np.array([e.probability for e in judged if e.clip.synthetic is label]) for label in (False, True))
    )
