"""Writes the card of one detector: docs/evaluation.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evaluation import card, metrics
from evaluation.card import Calibration, Domain, Row
from evaluation.scores import LEVEL

DOMAIN: Final = Domain(min_snr_db=30.0, min_bandwidth_hz=5000.0, min_active_seconds=2.0, max_clipped=0.001)
"""Set before anything was scored; not tuned since."""

_BAR_EER: Final = 0.12
_BAR_ACCUSED: Final = 0.05
_BAR_CAUGHT: Final = 0.5

_LIMITS: Final = """\
## What the data is not

- It is not the voice of an older person's family on a real telephone. Most recordings are prompts, games and letters,
  spoken by people who knew that they were recorded, and packaged years ago.
- No voice here was cloned from a person to deceive: the neural voices speak with voices of their own. Commercial
  services, and whatever is newer than the packages, are missing; no figure here says anything about them.
- There are three neural families, two of them of one lineage (hibari was distilled from Kokoro, whose voice "heart"
  is left out therefore), and Piper has one voice. Kokoro's weights have 8 bits.
- Korean is spoken by espeak-ng only; no recording is Korean.
- Speakers are named by the Asterisk packages; elsewhere they are taken from file names and languages. Nobody listened
  to every file.
- The words of KLettres and KTuberling are joined to some seconds; so are words of the synthetic voices, as often.
- Recordings were coded before they were packaged (G.722, GSM, 8 kHz PCM, Vorbis, Opus, MP3). Synthetic speech was
  given the same coders as often. Speech that comes straight from a program may score otherwise.
- Noise of traffic or television, rooms, loudspeakers, and networks that lose packets are missing.
- Noise floors are not matched: recordings bring the noise of a room, synthetic voices do not, and Griffin-Lim and WORLD
  have that of their source. A classifier that is trained on this data can learn that difference instead of speech.
- The level at which clips are heard was chosen after a trial with 38 clean clips, some of them of the test split.
- Clips of one speaker resemble each other: trust the intervals by speaker, not those by clip.

## How shortcuts are kept out

Both classes are cut to their active part with 0.1 s around it, at most 8 s; brought to a level that is drawn from -32
to -20 dB of full scale; dithered and stored as 16 bits at 16 kHz; and sent through the same channels by the same
program. Synthetic speech goes through the coder that a recording of its split had, drawn in proportion. Copy-synthesis
(WORLD, Griffin-Lim) takes the channel, the voice and the words from a recording of its split.
"""


@dataclass(frozen=True)
class Run:
    """What was run.

    Attributes:
        seed: of everything that is drawn.
        model: its id.
        model_sha256: of its file.
        digest: of the corpus, see :func:`evaluation.corpus.digest`.
    """

    seed: int
    model: str
    model_sha256: str
    digest: str


def text(rows: Sequence[Row], run: Run, domain: Domain = DOMAIN) -> str:
    """Give the card as Markdown."""
    calibration = card.calibrate(rows, domain)
    judged = [row for row in rows if row.clip.split != "calibration"]
    test = [row for row in rows if row.clip.split == "test"]
    parts = [
        _head(rows, run, domain, calibration),
        _bars(rows, domain, calibration.threshold),
        ["## What fails", "", "In the domain, at the threshold, calibration clips left out:", ""],
        card.failures(rows, domain, calibration.threshold) or ["- Nothing that these clips show."],
        ["", "## Errors, every clip", "", _no_training(rows), ""],
        card.errors(rows, run.seed),
        ["", "## Errors, clean clips", ""],
        card.errors([row for row in rows if row.clip.channel == "clean"], run.seed),
        ["", "## Errors, clips in the domain", ""],
        card.errors([row for row in rows if domain.holds(row.measured)], run.seed),
        ["", "## At the threshold, by source or family", "", "Calibration clips are left out.", ""],
        card.at_threshold(judged, domain, calibration.threshold, lambda row: row.clip.source),
        ["", "## By channel", ""],
        card.at_threshold(judged, domain, calibration.threshold, lambda row: row.clip.channel),
        ["", "## By what the sound had gone through before", ""],
        card.at_threshold(judged, domain, calibration.threshold, lambda row: row.clip.history),
        ["", "## By split", "", "The test split shares no speaker, source or family with the others.", ""],
        card.at_threshold(rows, domain, calibration.threshold, lambda row: row.clip.split),
        ["", "## Recordings accused, by estimated noise and bandwidth", "", "Every channel, every split.", ""],
        card.buckets(rows, calibration.threshold),
        ["", "## Calibration", "", *_calibration(calibration), ""],
        card.reliability([row for row in test if domain.holds(row.measured)], calibration),
        ["", _LIMITS],
    ]
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def _head(rows: Sequence[Row], run: Run, domain: Domain, calibration: Calibration) -> list[str]:
    recorded = [row for row in rows if row.clip.label == "recorded"]
    return [
        "# Evaluation of the voice detector",
        "",
        f"Model `{run.model}` (sha256 `{run.model_sha256[:12]}`), seed {run.seed}: {len(recorded)} recorded clips of "
        f"{len({row.clip.speaker for row in recorded})} speakers and {len(rows) - len(recorded)} synthetic ones, "
        "each clean and through one channel. `make eval` makes the data, scores it and writes this file; "
        "`evaluation/` says how.",
        f"Checksum over all clips: `{run.digest[:16]}`. Other versions of FFmpeg or of the voices give another "
        "one, and figures that differ a little; Piper's noise depends on the order of its sentences.",
        "",
        f"Every clip was heard at {LEVEL:g} dB of full scale (RMS of its active part), in windows of the model: "
        "a detector that hears it at another level gives other scores.",
        "",
        f"Domain: estimated SNR of {domain.min_snr_db:g} dB or more, bandwidth of {domain.min_bandwidth_hz:g} Hz "
        f"or more, {domain.min_active_seconds:g} s of activity or more, at most {100 * domain.max_clipped:g} % of "
        "samples clipped. Threshold, 5 % of the recordings of the calibration split in the domain: "
        f"{calibration.threshold:.3f}.",
        "",
    ]


def _bars(rows: Sequence[Row], domain: Domain, threshold: float) -> list[str]:
    """Tell which bars are met, and which are not."""
    inside = [row for row in rows if domain.holds(row.measured)]
    neural = [row for row in rows if row.clip.kind in {"recorded", "neural"}]
    error = metrics.eer(card.of_label(neural, "recorded"), card.of_label(neural, "synthetic"))
    judged = [row for row in inside if row.clip.split != "calibration"]
    sources = {row.clip.source for row in judged if row.clip.label == "recorded"}
    shares = {
        source: metrics.share_at(
            card.of_label([row for row in judged if row.clip.source == source], "recorded"), threshold
        )
        for source in sources
    }
    accused = sorted(source for source, share in shares.items() if share > _BAR_ACCUSED)
    caught = metrics.share_at(card.of_label(judged, "synthetic"), threshold)
    fakes = [row for row in judged if row.clip.kind == "neural"]
    caught_neural = metrics.share_at(card.of_label(fakes, "synthetic"), threshold)
    body = [
        ["EER on neural speech, every channel", f"{100 * error:.1f} %", "12 % or less", _met(error <= _BAR_EER)],
        [
            "sources of which more than 5 % are accused, in the domain",
            f"{len(accused)} of {len(sources)}",
            "none",
            _met(not accused),
        ],
        ["synthetic clips caught, in the domain", f"{100 * caught:.1f} %", "50 % or more", _met(caught >= _BAR_CAUGHT)],
        [
            "of these neural ones",
            f"{100 * caught_neural:.1f} %",
            "50 % or more",
            _met(caught_neural >= _BAR_CAUGHT),
        ],
    ]
    return [*card.table(["", "measured", "bar", ""], body), ""]


def _met(met: bool) -> str:
    return "met" if met else "**missed**"


def _no_training(rows: Sequence[Row]) -> str:
    return f"All {len(rows)} clips of all splits count: the model was trained on none of them."


def _calibration(calibration: Calibration) -> list[str]:
    reference = ", ".join(f"{value:.3f}" for value in calibration.reference)
    return [
        f"Threshold (5 %) {calibration.threshold:.4f}, strict (1 %) {calibration.strict:.4f}, slope "
        f"{calibration.slope:.4f}, intercept {calibration.intercept:.4f}; classes equally frequent. Scores of the "
        f"recordings at the percentiles 0, 5, … 100: {reference}.",
        "",
        "What that gives on the test split, in the domain:",
    ]
