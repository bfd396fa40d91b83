"""The evaluation card of one voice detector: what it misses and whom it accuses first, then the other figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from audio_analyzer.domain import Limits
from ml.common import metrics
from ml.voice.data import attacks
from ml.voice.evaluate import judging, tables
from ml.voice.evaluate.judging import Calibration, JudgedClip, ScoredClip

_BAR_EER: Final = 0.12
_NEURAL: Final = {family.name for family in attacks.FAMILIES if family.kind == "neural"}

LIMITS: Final = """\
## Limits of the data

- No voice is that of an older person's family on a real telephone. Most recordings are prompts, games, letters, and
  sentences that come with programs for speech, by people who knew that they were recorded.
- No voice was cloned from a person to deceive: the neural voices are voices of their own. Commercial services, and
  everything newer than the packages, are missing; no figure here says anything about them.
- The six neural families have four lineages: hibari was distilled from Kokoro, so Kokoro's voice "heart" is left out;
  Mellotron speaks through MelGAN and through HiFi-GAN; Piper and TinyTTS (both VITS) have one voice each. Kokoro's
  weights have 8 bits. Piper and TinyTTS end like the HiFi-GAN of the copies, Mellotron ends in the MelGAN or the
  HiFi-GAN of the copies, and TinyTTS makes the copies by VITS. Only Mellotron speaks Chinese.
- Only espeak-ng speaks Korean; no recording is Korean.
- The Asterisk packages and some corpora name the speakers; elsewhere the names come from file names and languages. The
  files were not all listened to. In meetings (AMI) and in a talk show, a clip may have several speakers.
- HiFi-GAN was trained on the speaker of LJ Speech, flite's and Festival's voices on the speakers of CMU ARCTIC: some
  recordings are of these people, and in any fold.
- The words of KLettres, KTuberling and Tux Paint are joined to some seconds; so are words of the synthetic voices, in
  the same proportion.
- Recordings were coded before they were packaged (G.722, GSM, 8 kHz PCM, Vorbis, Opus, MP3, AAC). Synthetic speech goes
  through the same coders in the same proportion. Speech that comes straight from a program may get other scores.
- Noise of traffic or television, rooms, loudspeakers, and networks that lose packets are missing.
- Noise floors are not matched here: recordings have the noise of a room, synthetic voices do not, and the copies have
  that of their source. The training clips of our own model get rooms, noise and coders by chance, both classes alike.
- The measures, the networks, the gate and the margin were chosen with these figures in view: no network learned from
  the speakers and attacks that it is measured on, but the figures are not blind.
- Clips of one speaker resemble each other: trust the intervals by speaker, not those by clip.

## Precautions against shortcuts

Both classes are cut to their active part with 0.1 s around it, at most 8 s; brought to a level that is drawn from -32
to -20 dB of full scale; dithered and stored as 16 bits at 16 kHz; and sent through the same channels by the same
program. Synthetic speech goes through the coder of a recording of its fold, drawn in proportion. Copy-synthesis
(HiFi-GAN, MelGAN, VITS, WORLD, Griffin-Lim) takes the channel, the voice and the words from a recording of its fold;
VITS moves the voice towards its own.
"""


@dataclass(frozen=True)
class Run:
    """One evaluation.

    Attributes:
        seed: of everything that is drawn.
        model: id of the model.
        model_sha256: of the model file.
        digest: of the corpus, see :func:`ml.voice.data.corpus.digest`.
        about: how the model was trained, in relation to the corpus.
        strict: threshold of ``LikelyFake`` that ships, if it is not the one that follows from the corpus.
    """

    seed: int
    model: str
    model_sha256: str
    digest: str
    about: str
    strict: float | None = None


def text(clips: Sequence[ScoredClip], run: Run, limits: Limits, family_held_out: Sequence[ScoredClip] = ()) -> str:
    """Return the card as Markdown.

    Args:
        clips: scored by the shipped model.
        run: what was evaluated.
        limits: the domain.
        family_held_out: the clips scored by networks that did not learn from the clip's attack family. Empty: all
            attacks are new to the shipped model.
    """
    judged, shipped = judging.judge(clips, limits), judging.calibrate(clips, limits)
    new = judging.judge(family_held_out, limits) if family_held_out else []
    known = ", known attacks" if family_held_out else ""
    parts = [
        _head(clips, run, limits, shipped),
        _bars(clips, judged, family_held_out, new),
        ["## What fails", "", "In the domain; each fold is judged by the thresholds of the other two:", ""],
        *([["New attacks:", ""], tables.failures(new, attacks=True), [""]] if new else []),
        [f"Recordings, and {known.removeprefix(', ') or 'attacks'}:", ""],
        tables.failures(judged) or ["- Nothing in these clips."],
        *(_errors("new attacks", family_held_out, run, limits) if family_held_out else []),
        *_errors(known.removeprefix(", ") or "new attacks", clips, run, limits),
        *_at_thresholds(clips, judged, family_held_out, new),
        ["", "## Recordings, by noise and bandwidth", ""],
        ["Share of the windows of recorded clips, all channels, that reach the threshold of `Suspicious`. The gate"],
        ["keeps the noisy ones from being judged.", ""],
        tables.buckets(clips, shipped.threshold),
        ["", f"## Calibration{known}", "", *_calibration(shipped, run.strict), ""],
        tables.reliability(judged),
        ["", LIMITS],
    ]
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def _at_thresholds(
    clips: Sequence[ScoredClip],
    judged: Sequence[JudgedClip],
    family_held_out: Sequence[ScoredClip],
    new: Sequence[JudgedClip],
) -> list[list[str]]:
    known = ", known attacks" if family_held_out else ""
    parts = [
        ["", f"## At the thresholds, by source or family{known}", ""],
        tables.at_thresholds(clips, judged, lambda clip: clip.source),
    ]
    if new:
        synthetic = [entry for entry in family_held_out if entry.clip.label == "synthetic"]
        parts += [
            ["", "## At the thresholds, by family, new attacks", ""],
            tables.at_thresholds(synthetic, new, lambda clip: clip.family),
        ]
    return [
        *parts,
        ["", f"## By channel{known}", ""],
        tables.at_thresholds(clips, judged, lambda clip: clip.channel),
        ["", f"## By coder before packaging{known}", ""],
        tables.at_thresholds(clips, judged, lambda clip: clip.history),
        ["", f"## By fold{known}", "", "No two folds share a speaker, a source or a family.", ""],
        tables.at_thresholds(clips, judged, lambda clip: str(clip.fold)),
    ]


def _errors(attack_set: str, clips: Sequence[ScoredClip], run: Run, limits: Limits) -> list[list[str]]:
    return [
        ["", f"## Errors, {attack_set}, clips in the domain", ""],
        tables.errors(clips, run.seed, lambda entry: entry.score(limits)),
        ["", f"## Errors, {attack_set}, every clip", "", "In the domain or not: the mean over all windows.", ""],
        tables.errors(clips, run.seed, lambda entry: entry.raw),
    ]


def _head(clips: Sequence[ScoredClip], run: Run, limits: Limits, shipped: Calibration) -> list[str]:
    recorded = [entry for entry in clips if entry.clip.label == "recorded"]
    return [
        f"# Evaluation of the voice detector `{run.model}`",
        "",
        f"Model file sha256 `{run.model_sha256[:12]}`, seed {run.seed}: {len(recorded)} recorded clips of "
        f"{len({entry.clip.speaker for entry in recorded})} speakers and {len(clips) - len(recorded)} synthetic ones, "
        "each clean and through one channel. `make eval` makes the data, scores it and writes this file; "
        "the code is in `ml/voice`.",
        f"Checksum over all clips: `{run.digest[:16]}`. Other versions of FFmpeg or of the voices change it, and the "
        "figures a little; Piper's noise depends on the order of its sentences, and hibari's noise has no seed.",
        "",
        run.about,
        "",
        "The analyzer's own detector scored every clip, with its windows, its level and its gate. Domain: signal to "
        f"noise of {limits.min_snr_db:g} dB or more, bandwidth of {limits.min_bandwidth_hz:g} Hz or more, "
        f"{limits.min_speech_seconds:g} s of speech or more in a window, not clipped. Of the recorded clips in it at "
        f"most {100 * judging.SUSPECTED:g} % reach the threshold of `Suspicious` ({shipped.threshold:.3f}), and none "
        f"that of `LikelyFake` ({shipped.strict:.3f}): it is above the highest of them by {100 * judging.MARGIN:g} % "
        "of its distance from the median.",
        "",
        *(_ships_with(shipped.strict, run.strict) if run.strict is not None else []),
    ]


def _ships_with(counted: float, strict: float) -> list[str]:
    """Return that the figures of ``LikelyFake`` are not those of the threshold that ships."""
    return [
        f"**The model ships with another threshold of `LikelyFake`, {strict:.3f}.** Every `LikelyFake` of this page is "
        f"counted at thresholds that follow from its own recordings ({counted:.3f} from all folds). Few of them went "
        "through a messenger's coder, which lifts the scores of people, so what ships lies above such recordings as "
        "well ([why](../adr/0055-two-ears.md#messengers-set-the-threshold-of-what-ships)): fewer synthetic clips reach "
        "it, and the rest of those that are `LikelyFake` here is `Suspicious`. "
        "[Published speech](voice-texture-published.md) is counted at the threshold that ships.",
        "",
    ]


def _bars(
    clips: Sequence[ScoredClip],
    judged: Sequence[JudgedClip],
    family_held_out: Sequence[ScoredClip],
    new: Sequence[JudgedClip],
) -> list[str]:
    """Return the table of bars, which are met or missed."""
    body = _attack_bars("new attacks, ", family_held_out, new) + _attack_bars("known attacks, ", clips, judged)
    if not family_held_out:
        body = _attack_bars("", clips, judged)
    recorded = [entry for entry in judged if entry.clip.label == "recorded"]
    names = sorted({entry.clip.source for entry in recorded})
    sources = {name: [entry for entry in recorded if entry.clip.source == name] for name in names}
    for verdict, share in (("`LikelyFake`", tables.accused_share), ("`Suspicious` or worse", tables.suspected_share)):
        accused = [name for name, group in sources.items() if share(group) > tables.MOST_ACCUSED]
        body.append(
            [
                f"sources of which more than 5 % are {verdict}, in the domain",
                f"{len(accused)} of {len(sources)}",
                "none",
                _met(not accused),
            ]
        )
        body.append([f"recorded clips that are {verdict}, in the domain", f"{100 * share(recorded):.1f} %", "", ""])
    return [*tables.table(["", "measured", "bar", ""], body), ""]


def _attack_bars(prefix: str, clips: Sequence[ScoredClip], judged: Sequence[JudgedClip]) -> list[list[str]]:
    if not judged:
        return []
    body = []
    for name, families in (("piper and hibari", {"piper", "hibari"}), ("every family", _NEURAL)):
        for where, rate in (("every clip", _eer(clips, families)), ("in the domain", _eer_inside(judged, families))):
            cells = [f"{100 * rate:.1f} %", "12 % or less", _met(rate <= _BAR_EER)]
            body.append([f"{prefix}EER on neural speech, {name}, {where}", *cells])
    synthetic = [entry for entry in judged if entry.clip.label == "synthetic"]
    neural = [entry for entry in synthetic if entry.clip.kind == "neural"]
    for name, group in (("synthetic", synthetic), ("neural", neural)):
        share = tables.accused_share(group)
        cells = [f"{100 * share:.1f} %", "50 % or more", _met(share >= tables.LEAST_CAUGHT)]
        body.append([f"{prefix}{name} clips that are `LikelyFake`, in the domain", *cells])
    return body


def _eer(clips: Sequence[ScoredClip], families: set[str]) -> float:
    scored = [(entry.clip, entry.raw) for entry in clips if entry.raw is not None]
    return metrics.eer(
        np.array([score for clip, score in scored if clip.label == "recorded"], np.float64),
        np.array([score for clip, score in scored if clip.family in families], np.float64),
    )


def _eer_inside(judged: Sequence[JudgedClip], families: set[str]) -> float:
    return metrics.eer(
        np.array([entry.score for entry in judged if entry.clip.label == "recorded"], np.float64),
        np.array([entry.score for entry in judged if entry.clip.family in families], np.float64),
    )


def _met(met: bool) -> str:
    return "met" if met else "**missed**"


def _calibration(calibration: Calibration, strict: float | None) -> list[str]:
    reference = ", ".join(f"{value:.3f}" for value in calibration.reference)
    return [
        f"The shipped calibration is from all folds: `Suspicious` from {calibration.threshold:.4f}, `LikelyFake` from "
        f"{calibration.strict if strict is None else strict:.4f}, "
        f"slope {calibration.slope:.4f}, intercept {calibration.intercept:.4f}; classes equally frequent. Scores of "
        f"the recordings at the percentiles 0, 5, … 100: {reference}.",
        "",
        "Each fold by the calibration of the other two:",
    ]
