"""The card of the wideband model: what it misses and whom it wrongs, on published speech."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from guardian_models.manifest import SoundManifest
from ml.voice.data import published, sent
from ml.voice.data.published import Clip
from ml.voice.evaluate import changed
from ml.voice.evaluate.shares import areas, by, counts_for_korean, korean, people, share
from ml.voice.evaluate.tables import groups, reliability_table, table
from ml.voice.train import tuned
from ml.voice.train.joining import SOURCE_FROM, Judged
from ml.voice.train.scored import LIMITS

_FEW: Final = 3
"""Clips of a system; with fewer, none found says little."""

ABOUT: Final = f"""\
The model joins two parts: the texture of a voice ([its own card](voice-texture.md), learned from packages), and a
network that descends from AASIST as published with ASVspoof 5 ([its card](asvspoof5-aasist.md); MIT, © NAVER Corp.).
Every layer of that was fine-tuned with seed {tuned.SEED}, on the clips of this page and on copies of them through
coders, rooms and noise; then on pairs of a clip and what a messenger leaves of it, where a copy of a person must not
score higher than its original ([how](../adr/0066-a-tail-that-is-tried-on-others.md)).
What a detector recognises as having gone through a coder of a low rate, as messengers and calls have, is scored lower
by a constant: such a voice cannot be judged as surely ([why](../adr/0065-a-line-for-what-a-coder-lifted.md)).

There are three networks, one for each fold. Each clip is judged by the one that learned nothing of its fold: neither
its repository, nor its system, nor a system with the same decoder or vocoder, nor its speaker, where one is known.
The scale of the sum, the detector of coders and the thresholds come from the other folds, too. **What ships is a mean
of three such networks**: it learned from all clips, so no clip of this page can measure it, and the figures are those
of single ones. One window of each clip, four seconds from its middle, is judged: a longer recording gives more windows,
and a steadier mean. The texture's own model listens beside this one in the analyzer: it is `LikelyFake` by either, and
`Suspicious` by the texture alone only where this one did not listen
([why](../adr/0101-a-model-that-joins-another-overrules-its-suspicion.md))."""

CONCLUDE: Final = """\
- **LikelyFake**: no recording of a person among those of this page scores as high, sent or not, and the highest leaves
  a margin. It remains an estimate from some hundred people: not a proof.
- **Suspicious**: about one recording of a person in some hundred gets it. Ask back by another way before you act.
- **No evidence** says little: most of the synthetic clips of systems that the model never met get it. Older synthesis,
  vocoder copies and codecs are found least, and so is what went through a messenger.
- **Inconclusive**: telephone speech, noise and clipping are outside of what was measured."""

WAYS: Final = """\
Which copies were tried is drawn, most of recordings that score high (`ml/voice/data/sent.csv`): a share of copies here
is higher than that of all would be. The detector of coders learned from the first six ways as coded, from the next four
as not coded, and from none of the others."""

GAPS: Final = """\
- The clips are published demonstrations: read aloud, clean, in English for the most part. Of the Korean systems there
  are some dozens of clips, and of Korean recordings four: what is said of Korean rests on the synthetic side alone.
- No recording of an older person on a real telephone; no voice that was cloned to deceive; no system's year is stated.
- Labels are those of the sources' pages. Nobody listened to all; the highest "recording" may be a copy by a vocoder.
- Formats differ by class (MP3: 14 % of the synthetic clips, 3 % of the recordings). Three of four examples were copies
  through coders that both classes share; the tables by coder show what is left of it.
- Repositories of one laboratory lie in different folds: a studio or a habit that they share is not new there.
- The messengers are encoders with their usual settings, not the services; of calls only AMR-WB was at hand.
- All figures are of one run of the recipe: another one with the same seed found 22.1 % instead of 19.7, and ranked
  Korean clips at an AUC of 0.861 instead of 0.831 ([measured](../adr/0105-halfway-between-two-networks.md)).
- The networks learned from some recordings twice, and from people whom other folds hold by another name. The latter are
  left out; what the former changed in the networks is not known.
- A person whom no source names may still be in two folds.
- Speech at 8 kHz is outside of the domain: see [the decision](../adr/0055-two-ears.md) for what was tried."""


def text(run: changed.Run, found: Sequence[Clip], everybody: Sequence[Judged]) -> str:
    """Return the card.

    Args:
        run: what was measured.
        found: every clip that is tried.
        everybody: those in the domain, as they are and sent; also whom the network knew, who count nowhere else.
    """
    tried = [entry for entry in everybody if not entry.met]
    judged = [entry for entry in tried if entry.way == sent.AS_RECORDED]
    parts: list[list[str]] = [
        _head(found, run.manifest),
        ["## What changed", "", *changed.lines(run, found, everybody), ""],
        ["## How it was measured", "", *_how()],
        ["## What fails", "", *_failures(tried), ""],
        ["## Measured", "", *_measured(found, judged), ""],
        ["## What you may conclude", "", CONCLUDE, ""],
        ["## By what it went through", "", WAYS, "", *_ways(tried), ""],
    ]
    parts += _groupings(judged)
    parts += [
        ["## Recordings, by person", "", *people([entry for entry in judged if not entry.clip.synthetic]), ""],
        ["## Calibration", "", *_calibration(run), *_reliability(judged), ""],
        ["## Limits of the data", "", GAPS],
    ]
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def _groupings(judged: Sequence[Judged]) -> list[list[str]]:
    """Return the tables by kind, system, language, coder and source."""
    synthetic = [entry for entry in judged if entry.clip.synthetic]
    recorded = [entry for entry in judged if not entry.clip.synthetic]
    groupings: tuple[tuple[str, Sequence[Judged], Callable[[Clip], str]], ...] = (
        ("Synthetic speech, by kind", synthetic, lambda clip: clip.kind),
        ("Synthetic speech, by system", synthetic, lambda clip: clip.family),
        ("Synthetic speech, Korean and other", synthetic, korean),
        ("Synthetic speech, by coder of the file", synthetic, lambda clip: clip.coder),
        ("Recordings, by source", recorded, lambda clip: clip.repository),
        ("Recordings, by kind", recorded, lambda clip: clip.kind),
        ("Recordings, by language", recorded, lambda clip: clip.language or "not stated"),
        ("Recordings, by coder of the file", recorded, lambda clip: clip.coder),
    )
    return [[f"## {title}", "", *by(group, key), ""] for title, group, key in groupings]


def _head(found: Sequence[Clip], manifest: SoundManifest) -> list[str]:
    recorded = [clip for clip in found if not clip.synthetic]
    systems = {clip.family for clip in found if clip.synthetic}
    return [
        f"# Evaluation of the voice detector `{manifest.id}`",
        "",
        f"Model file sha256 `{manifest.sha256[:12]}`. {len(found) - len(recorded)} synthetic clips of {len(systems)} "
        f"systems, and {len(recorded)} recordings of {len({clip.person for clip in recorded})} people, from "
        f"{len({clip.repository for clip in found})} repositories (`ml/voice/data/published.py`); names of all clips: "
        f"`{published.digest(found)[:16]}`. `make tune` fine-tunes, `make train` joins, `make eval` writes this file.",
        "",
    ]


def _how() -> list[str]:
    return [
        ABOUT,
        "",
        f"Domain: signal to noise of {LIMITS.min_snr_db:g} dB or more, bandwidth of {LIMITS.min_bandwidth_hz:g} Hz or "
        f"more, {LIMITS.min_speech_seconds:g} s of speech or more in a window, not clipped. Intervals are Wilson's, "
        "95 %, by clip; clips of one system or person resemble each other, so the true ones are wider.",
        "",
    ]


def _failures(tried: Sequence[Judged]) -> list[str]:
    """Return the recordings that are accused, the sources above the bar, and the systems that are never found."""
    recorded = [entry for entry in tried if not entry.clip.synthetic]
    lines = [
        f"- `{entry.clip.name}` ({entry.clip.repository}), a recording, is `LikelyFake`, {entry.way}."
        for entry in recorded
        if entry.accused
    ]
    for source, of in groups(recorded, lambda entry: entry.clip.repository):
        for what, group in (
            ("recordings", [entry for entry in of if entry.way == sent.AS_RECORDED]),
            ("copies of recordings", [entry for entry in of if entry.way != sent.AS_RECORDED]),
        ):
            if suspected := sum(entry.suspected for entry in group):
                lines.append(f"- source **{source}**: {share(suspected, len(group))} of the {what}: `Suspicious`.")
    synthetic = [entry for entry in tried if entry.clip.synthetic]
    plain = [entry for entry in synthetic if entry.way == sent.AS_RECORDED]
    missed = [
        f"{family} ({len(group)})"
        for family, group in groups(plain, lambda entry: entry.clip.family)
        if len(group) >= _FEW and not any(entry.suspected for entry in group)
    ]
    coded = [entry for entry in plain if entry.coded]
    took = (
        f"- The detector of coders takes {share(len(coded), len(plain))} of the synthetic clips for coded, as they are "
        f"published: of those it leaves {share(sum(e.accused for e in coded), len(coded))} "
        "`LikelyFake`."
    )
    return [*lines, took, f"- no clip is found of {len(missed)} systems: {', '.join(missed)}."]


def _ways(tried: Sequence[Judged]) -> list[str]:
    head = ["", "recordings", "taken for coded", "`Suspicious` or worse", "`LikelyFake`"]
    head += ["synthetic", "taken for coded", "`Suspicious` or worse", "`LikelyFake`"]
    body = []
    for way in (sent.AS_RECORDED, *sent.WAYS):
        cells = [way]
        for label in (False, True):
            of = [entry for entry in tried if entry.way == way and entry.clip.synthetic is label]
            hits = (sum(getattr(entry, what) for entry in of) for what in ("coded", "suspected", "accused"))
            cells += [str(len(of)), *(share(count, len(of)) for count in hits)]
        body.append(cells)
    return table(head, body)


def _measured(found: Sequence[Clip], judged: Sequence[Judged]) -> list[str]:
    synthetic = [entry for entry in judged if entry.clip.synthetic]
    recorded = [entry for entry in judged if not entry.clip.synthetic]
    all_synthetic = sum(clip.synthetic for clip in found)
    families = {clip.family for clip in found if clip.synthetic}
    met = {entry.clip.family for entry in synthetic if entry.suspected}
    by_source = groups(recorded, lambda entry: entry.clip.repository)
    worst = max(
        (sum(entry.suspected for entry in group) / len(group) for _, group in by_source if len(group) >= SOURCE_FROM),
        default=0.0,
    )
    accused, suspected = (sum(getattr(entry, what) for entry in synthetic) for what in ("accused", "suspected"))
    body = [
        ["synthetic clips that are `LikelyFake`, of all", share(accused, all_synthetic), "40 %"],
        ["synthetic clips that are `Suspicious` or worse, of all", share(suspected, all_synthetic), "60 %"],
        ["systems of which no clip is found", f"{len(families - met)} of {len(families)}", "25 of 162"],
        *areas("in the domain", judged, (".93", "14 %", "50 %")),
        *areas("Korean synthetic, all recordings", list(filter(counts_for_korean, judged)), (".93", "", "")),
        ["recordings that are `LikelyFake`", share(sum(e.accused for e in recorded), len(recorded)), "0"],
        ["recordings that are `Suspicious`", share(sum(e.suspected for e in recorded), len(recorded)), ""],
        [f"… in the worst source of {SOURCE_FROM} clips or more", f"{100 * worst:.1f} %", "3 %"],
        ["clips in the domain", f"{len(judged)} of {len(found)}", ""],
    ]
    return table(["", "measured", "bar"], body)


def _calibration(run: changed.Run) -> list[str]:
    fitted = run.manifest.calibration
    if fitted is None:
        return ["The model is not calibrated.", ""]
    reference = ", ".join(f"{value:.2f}" for value in fitted.reference)
    return [
        f"Shipped, from all folds: `Suspicious` from {fitted.threshold:.3f}, `LikelyFake` from "
        f"{fitted.strict_threshold:.3f}, slope {fitted.slope:.3f}, intercept {fitted.intercept:.3f}; classes equally "
        f"frequent. Recordings at the percentiles 0, 5, … 100: {reference}.",
        "",
        f"By the networks of this page, each sound once: `Suspicious` from {run.refitted.threshold:.3f}, `LikelyFake` "
        f"from {run.refitted.strict_threshold:.3f}, slope {run.refitted.slope:.3f}, intercept "
        f"{run.refitted.intercept:.3f}.",
        "",
        "Reliability, each fold by the calibration of the others:",
        "",
    ]


def _reliability(judged: Sequence[Judged]) -> list[str]:
    probabilities = [
        np.array([entry.probability for entry in judged if entry.clip.synthetic is label]) for label in (False, True)
    ]
    return reliability_table(*probabilities)
