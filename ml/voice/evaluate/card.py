"""Writes the card of one detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from audio_analyzer.domain import Limits
from ml.common import metrics
from ml.voice.data import attacks
from ml.voice.evaluate import tables
from ml.voice.evaluate.tables import Calibration, Judged, Row

_BAR_EER: Final = 0.12
_NEURAL: Final = {family.name for family in attacks.FAMILIES if family.kind == "neural"}

_LIMITS: Final = """\
## What the data is not

- It is not the voice of an older person's family on a real telephone. Most recordings are prompts, games, letters, and
  sentences that come with programs for speech; spoken by people who knew that they were recorded.
- No voice here was cloned from a person to deceive: the neural voices speak with voices of their own. Commercial
  services, and whatever is newer than the packages, are missing; no figure here says anything about them.
- There are six neural families of four lineages: hibari was distilled from Kokoro, whose voice "heart" is left out
  therefore; Mellotron speaks through MelGAN and through HiFi-GAN; Piper and TinyTTS (both VITS) have one voice each.
  Kokoro's weights have 8 bits. Piper and TinyTTS end like the HiFi-GAN of the copies, Mellotron ends in the MelGAN or
  the HiFi-GAN of the copies, and TinyTTS makes the copies by VITS. Mellotron is the only one that speaks Chinese.
- Korean is spoken by espeak-ng only; no recording is Korean.
- Speakers are named by the Asterisk packages and by some corpora; elsewhere they are taken from file names and
  languages. Nobody listened to every file. Of meetings (AMI) and a talk show, a clip may have several speakers.
- HiFi-GAN was trained on the speaker of LJ Speech, flite's and Festival's voices on those of CMU ARCTIC: some of the
  recordings are of these people, and in any fold.
- The words of KLettres, KTuberling and Tux Paint are joined to some seconds; so are words of the synthetic voices, as
  often.
- Recordings were coded before they were packaged (G.722, GSM, 8 kHz PCM, Vorbis, Opus, MP3, AAC). Synthetic speech was
  given the same coders as often. Speech that comes straight from a program may score otherwise.
- Noise of traffic or television, rooms, loudspeakers, and networks that lose packets are missing.
- Noise floors are not matched here: recordings bring the noise of a room, synthetic voices do not, and the copies have
  that of their source. What our own model learns from is given rooms, noise and coders by chance, both classes alike.
- What was tried and kept (the measures, the networks, gate and margin) was chosen with these figures in view:
  speakers and attacks were never learnt from, but the figures are not blind.
- Clips of one speaker resemble each other: trust the intervals by speaker, not those by clip.

## How shortcuts are kept out

Both classes are cut to their active part with 0.1 s around it, at most 8 s; brought to a level that is drawn from -32
to -20 dB of full scale; dithered and stored as 16 bits at 16 kHz; and sent through the same channels by the same
program. Synthetic speech goes through the coder that a recording of its fold had, drawn in proportion. Copy-synthesis
(HiFi-GAN, MelGAN, VITS, WORLD, Griffin-Lim) takes the channel, the voice and the words from a recording of its fold;
VITS brings the voice nearer to its own.
"""


@dataclass(frozen=True)
class Run:
    """What was run.

    Attributes:
        seed: of everything that is drawn.
        model: its id.
        model_sha256: of its file.
        digest: of the corpus, see :func:`evaluation.corpus.digest`.
        about: how the model comes by its figures: what it was trained on.
    """

    seed: int
    model: str
    model_sha256: str
    digest: str
    about: str


def text(rows: Sequence[Row], run: Run, limits: Limits, strangers: Sequence[Row] = ()) -> str:
    """Give the card as Markdown.

    Args:
        rows: what was heard by what is shipped.
        run: what was run.
        limits: the domain.
        strangers: what was heard by networks that never met a clip's attack family; none: all attacks are new anyway.
    """
    judged, shipped = tables.judge(rows, limits), tables.calibrate(rows, limits)
    new = tables.judge(strangers, limits) if strangers else []
    known = ", known attacks" if strangers else ""
    parts = [
        _head(rows, run, limits, shipped),
        _bars(rows, judged, strangers, new),
        ["## What fails", "", "In the domain, each fold judged by the thresholds that the other two set:", ""],
        *([["Attacks of a kind that is new to it:", ""], tables.failures(new, attacks=True), [""]] if new else []),
        [f"Recordings, and {known.removeprefix(', ') or 'attacks'}:", ""],
        tables.failures(judged) or ["- Nothing that these clips show."],
        *(_errors("new attacks", strangers, run, limits) if strangers else []),
        *_errors(known.removeprefix(", ") or "new attacks", rows, run, limits),
        ["", f"## At the thresholds, by source or family{known}", ""],
        tables.at_thresholds(rows, judged, lambda clip: clip.source),
        *([["", "## At the thresholds, by family, new attacks", ""]] if new else []),
        tables.at_thresholds([row for row in strangers if row.clip.label == "synthetic"], new, lambda clip: clip.family)
        if new
        else [],
        ["", f"## By channel{known}", ""],
        tables.at_thresholds(rows, judged, lambda clip: clip.channel),
        ["", f"## By what the sound had gone through before{known}", ""],
        tables.at_thresholds(rows, judged, lambda clip: clip.history),
        ["", f"## By fold{known}", "", "No two folds share a speaker, a source or a family.", ""],
        tables.at_thresholds(rows, judged, lambda clip: str(clip.fold)),
        [
            "",
            "## Recordings, by noise and bandwidth",
            "",
            "Share of the windows of recorded clips, every channel, that",
        ],
        ["reach the threshold of `Suspicious`; the gate is what keeps the noisy ones from being judged.", ""],
        tables.buckets(rows, shipped.threshold),
        ["", f"## Calibration{known}", "", *_calibration(shipped), ""],
        tables.reliability(judged),
        ["", _LIMITS],
    ]
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def _errors(what: str, rows: Sequence[Row], run: Run, limits: Limits) -> list[list[str]]:
    return [
        ["", f"## Errors, {what}, clips in the domain", ""],
        tables.errors(rows, run.seed, lambda row: row.score(limits)),
        ["", f"## Errors, {what}, every clip", "", "In the domain or not: the mean over all windows.", ""],
        tables.errors(rows, run.seed, lambda row: row.raw),
    ]


def _head(rows: Sequence[Row], run: Run, limits: Limits, shipped: Calibration) -> list[str]:
    recorded = [row for row in rows if row.clip.label == "recorded"]
    return [
        f"# Evaluation of the voice detector `{run.model}`",
        "",
        f"Model file sha256 `{run.model_sha256[:12]}`, seed {run.seed}: {len(recorded)} recorded clips of "
        f"{len({row.clip.speaker for row in recorded})} speakers and {len(rows) - len(recorded)} synthetic ones, "
        "each clean and through one channel. `make eval` makes the data, scores it and writes this file; "
        "`evaluation/` says how.",
        f"Checksum over all clips: `{run.digest[:16]}`. Other versions of FFmpeg or of the voices give another "
        "one, and figures that differ a little; Piper's noise depends on the order of its sentences.",
        "",
        run.about,
        "",
        "Every clip was heard by the analyzer's own detector: its windows, its level, its gate. Domain: signal to "
        f"noise of {limits.min_snr_db:g} dB or more, bandwidth of {limits.min_bandwidth_hz:g} Hz or more, "
        f"{limits.min_speech_seconds:g} s of speech or more in a window, not clipped. Of the recorded clips in it at "
        f"most {100 * tables.SUSPECTED:g} % reach the threshold of `Suspicious` ({shipped.threshold:.3f}), and none that "
        f"of `LikelyFake` ({shipped.strict:.3f}), which begins {100 * tables.MARGIN:g} % beyond the highest of them.",
        "",
    ]


def _bars(rows: Sequence[Row], judged: Sequence[Judged], strangers: Sequence[Row], new: Sequence[Judged]) -> list[str]:
    """Tell which bars are met, and which are not."""
    body = _of_attacks("new attacks, ", strangers, new) + _of_attacks("known attacks, ", rows, judged)
    if not strangers:
        body = _of_attacks("", rows, judged)
    recorded = [one for one in judged if one.clip.label == "recorded"]
    sources = {source: [one for one in recorded if one.clip.source == source] for source in _sources(recorded)}
    for verdict, share in (("`LikelyFake`", _share), ("`Suspicious` or worse", _suspected)):
        wronged = [name for name, group in sources.items() if share(group) > tables.MOST_ACCUSED]
        body.append(
            [
                f"sources of which more than 5 % are {verdict}, in the domain",
                f"{len(wronged)} of {len(sources)}",
                "none",
                _met(not wronged),
            ]
        )
        body.append([f"recorded clips that are {verdict}, in the domain", f"{100 * share(recorded):.1f} %", "", ""])
    return [*tables.table(["", "measured", "bar", ""], body), ""]


def _of_attacks(prefix: str, rows: Sequence[Row], judged: Sequence[Judged]) -> list[list[str]]:
    if not judged:
        return []
    body = []
    for name, families in (("piper and hibari", {"piper", "hibari"}), ("every family", _NEURAL)):
        for where, found in (("every clip", _eer(rows, families)), ("in the domain", _eer_inside(judged, families))):
            told = [f"{100 * found:.1f} %", "12 % or less", _met(found <= _BAR_EER)]
            body.append([f"{prefix}EER on neural speech, {name}, {where}", *told])
    fakes = [one for one in judged if one.clip.label == "synthetic"]
    for name, group in (("synthetic", fakes), ("neural", [one for one in fakes if one.clip.kind == "neural"])):
        share = _share(group)
        told = [f"{100 * share:.1f} %", "50 % or more", _met(share >= tables.LEAST_CAUGHT)]
        body.append([f"{prefix}{name} clips that are `LikelyFake`, in the domain", *told])
    return body


def _sources(judged: Sequence[Judged]) -> list[str]:
    return sorted({one.clip.source for one in judged})


def _share(group: Sequence[Judged]) -> float:
    return sum(one.accused for one in group) / max(len(group), 1)


def _suspected(group: Sequence[Judged]) -> float:
    return sum(one.suspected for one in group) / max(len(group), 1)


def _eer(rows: Sequence[Row], families: set[str]) -> float:
    scored = [(row.clip, row.raw) for row in rows if row.raw is not None]
    return metrics.eer(
        np.array([score for clip, score in scored if clip.label == "recorded"], np.float64),
        np.array([score for clip, score in scored if clip.family in families], np.float64),
    )


def _eer_inside(judged: Sequence[Judged], families: set[str]) -> float:
    return metrics.eer(
        np.array([one.score for one in judged if one.clip.label == "recorded"], np.float64),
        np.array([one.score for one in judged if one.clip.family in families], np.float64),
    )


def _met(met: bool) -> str:
    return "met" if met else "**missed**"


def _calibration(calibration: Calibration) -> list[str]:
    reference = ", ".join(f"{value:.3f}" for value in calibration.reference)
    return [
        f"What is shipped is from all folds: `Suspicious` from {calibration.threshold:.4f}, `LikelyFake` from "
        f"{calibration.strict:.4f}, "
        f"slope {calibration.slope:.4f}, intercept {calibration.intercept:.4f}; classes equally frequent. Scores of "
        f"the recordings at the percentiles 0, 5, … 100: {reference}.",
        "",
        "Each fold by the calibration of the other two:",
    ]
