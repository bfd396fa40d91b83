"""The card on genuine recordings: how many are accused, of each kind, the accused ones first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analyzer_contract import SUSPICIOUS_FROM, Verdict
from ml.common.metrics import wilson

INTRODUCTION = """Every recording here is genuine: a person who speaks, or what a camera saw, sent through the encoders
of phones, messengers, screens and calls. Nothing was joined, repeated or removed, so each accusation is wrong.

The intervals are Wilson's, at 95 %. They take the recordings for independent, which they are not: several come from one
voice or one clip. So the true rate of a kind may lie outside. What is no verdict, or `Inconclusive`, accuses nobody,
and is counted because it helps nobody either."""

LIMITS = """## What it does not measure

- The encoders are real, the phones, networks and screens are not: their noise suppression, gain control, packet loss
  and stalls are imitated by filters.
- The recordings are short: the voices at most 5 s, the pictures 7 to 11 s. A longer one has more places at which a
  detector can err.
- Some of the voices, or others of their speakers, were in the material on which the voice model was trained. On these
  its errors are fewer than on voices it never met: [voice-texture](voice-texture.md) has those.
- The clips of cameras are few, and the detectors of pictures were made while some of them were looked at:
  [video](video.md) says which."""

_COLUMNS = "recordings | `LikelyFake` | `Suspicious` | `Inconclusive` | no verdict"


@dataclass(frozen=True)
class Recording:
    """A genuine recording, and what the product says of it.

    Attributes:
        path: in the list.
        kind: of recording, such as ``call``.
        chain: what it went through.
        source: what it was made of.
        line: the line of ``guardian analyze --output jsonl``.
    """

    path: str
    kind: str
    chain: str
    source: str
    line: Mapping[str, Any]

    @property
    def verdict(self) -> str | None:
        """The verdict, or None."""
        verdict: str | None = self.line["verdict"]
        return verdict


def card(recordings: Sequence[Recording], sources: Sequence[Mapping[str, str]]) -> str:
    """Return the card as Markdown."""
    accused = [one for one in recordings if one.verdict in {Verdict.LIKELY_FAKE, Verdict.SUSPICIOUS}]
    parts = [
        "# How often genuine recordings are accused",
        "Written by `make eval-genuine`; do not edit.",
        f"## Accused: {len(accused)} of {len(recordings)}\n\n{_accused(accused)}",
        INTRODUCTION,
        "## By kind\n\n" + _table(recordings, "kind", lambda one: one.kind),
        "## By what it went through\n\n" + _table(recordings, "kind, way", lambda one: f"{one.kind}: {one.chain}"),
        "## Without a verdict\n\n" + _without(recordings),
        LIMITS,
        "## The sources\n\n" + _sources(sources),
    ]
    return "\n\n".join(parts) + "\n"


def _accused(accused: Sequence[Recording]) -> str:
    if not accused:
        return "None."
    worst = sorted(accused, key=lambda one: (one.verdict != Verdict.LIKELY_FAKE, -one.line["score"], one.path))
    return "\n".join(
        f"- {one.verdict} {one.line['score']}: {one.source}, {one.kind}, {one.chain}: {'; '.join(_evidence(one))}"
        for one in worst
    )


def _evidence(one: Recording) -> list[str]:
    """Return the strongest evidence of each detector that accuses."""
    found = []
    for analysis in one.line["analyses"]:
        for detector in analysis["detectors"]:
            if detector["score"] < SUSPICIOUS_FROM:
                continue
            strongest = max(detector["findings"], key=lambda finding: finding["score"], default=None)
            found.append(f"{detector['name']}: {strongest['message'] if strongest else detector['score']}".rstrip("."))
    return found


def _table(recordings: Sequence[Recording], title: str, group: Callable[[Recording], str]) -> str:
    groups: dict[str, list[Recording]] = {}
    for one in recordings:
        groups.setdefault(group(one), []).append(one)
    lines = [f"| {title} | {_COLUMNS} |", "|---|---|---|---|---|---|"]
    rows = [*sorted(groups.items())] + ([("all", list(recordings))] if len(groups) > 1 else [])
    for name, some in rows:
        counts = Counter(one.verdict for one in some)
        cells = [_share(counts[Verdict.LIKELY_FAKE], len(some)), _share(counts[Verdict.SUSPICIOUS], len(some))]
        lines.append(
            f"| {name} | {len(some)} | {' | '.join(cells)} | {counts[Verdict.INCONCLUSIVE]} | {counts[None]} |"
        )
    return "\n".join(lines)


def _share(hits: int, count: int) -> str:
    low, high = wilson(hits, count)
    return f"{hits}: {hits / count:.1%} ({low:.1%}–{high:.1%})"  # noqa: RUF001 - a range


def _without(recordings: Sequence[Recording]) -> str:
    reasons = Counter((one.kind, one.chain, one.line["reason"]) for one in recordings if one.verdict is None)
    lines = [f"- {kind}, {chain}: {reason}, {count}" for (kind, chain, reason), count in sorted(reasons.items())]
    return "\n".join(lines) or "None."


def _sources(sources: Sequence[Mapping[str, str]]) -> str:
    counts = Counter((row["repository"], row.get("licence") or "as the package says") for row in sources)
    lines = ["| source | licence | recordings |", "|---|---|---|"]
    lines += [f"| {name} | {licence} | {count} |" for (name, licence), count in sorted(counts.items())]
    return "\n".join(lines) + "\n\nEach with its commit, path and sha256: [genuine-sources.csv](genuine-sources.csv)."
