"""Renders the report. Text from elsewhere is escaped, cut to a length, and freed of invisible characters."""

from __future__ import annotations

import base64
import hashlib
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from analysis_operator.api import AnalysisRequest, RequestStatus
from analysis_operator.report import statements, talk, timeline, words
from analysis_operator.report.ports import Phones
from analysis_operator.report.sections import Section
from analyzer_contract import (
    SEVERITY,
    SUSPICIOUS_FROM,
    AnalysisReport,
    DetectorReport,
    Finding,
    MediaFacts,
    Verdict,
    counted,
)
from guardian_locales import Locale, locales, tone

_TEXT_LIMIT = 1200
_LIMITATIONS = 40
_DETECTORS = 20
_KIB = 1024
_STRONG = 80
_ROUNDING = 0.05
"""Seconds by which analyzers round a recording's length differently."""


@dataclass(frozen=True, slots=True)
class Part:
    """One analysis as the report shows it, the same in every language."""

    number: int
    section: Section
    groups: list[timeline.Group]
    chart: timeline.Chart | None
    quiet: list[str]
    """Detectors that looked and have nothing to show."""
    unable: list[str]
    """Detectors that say of themselves that they cannot tell."""
    hidden: int
    limitations: list[str]
    counts: int | None
    """What it adds to the request's score."""
    said: list[talk.Said]
    turned: Finding | None
    """Where a call began to resemble a fraud."""

    @property
    def turned_at(self) -> float | None:
        """Where that is on the time axis, in per cent."""
        if self.turned is None or self.chart is None:
            return None
        return round(100 * min(self.turned.start_seconds / self.chart.seconds, 1.0), 2)


def render(
    request: AnalysisRequest, status: RequestStatus, sections: Sequence[Section], phones: Phones | None = None
) -> str:
    """Return the report in every language, as one HTML document that loads nothing from elsewhere.

    Args:
        request: what it is about.
        status: its analyses and its verdict.
        sections: the results.
        phones: by language, numbers to call instead of those of Korea.
    """
    environment, style, style_hash = _environment()
    parts = _parts(sections)
    return environment.get_template("page.html.j2").render(
        request=request,
        status=status,
        parts=parts,
        turned=next((part.turned for part in parts if part.turned), None),
        phones=phones or {},
        media=[section.result.media for section in sections if section.result],
        credentials=statements.credentials_of(section.result for section in sections if section.result),
        blind=any(entry.blind for entry in status.analyses),
        languages=locales(),
        line=SUSPICIOUS_FROM,
        style=style,
        style_hash=style_hash,
    )


def clean(text: object, limit: int = _TEXT_LIMIT) -> str:
    """Return text without control characters and changes of direction, cut to a length."""
    flat = str(text)[: limit + 1]
    visible = "".join(" " if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co"} else char for char in flat)
    return visible if len(visible) <= limit else visible[: limit - 1] + "…"


def size(count: int) -> str:
    """Return a number of bytes for people."""
    amount, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB"):
        if amount < _KIB:
            break
        amount, unit = amount / _KIB, larger
    return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"


def _parts(sections: Sequence[Section]) -> list[Part]:
    """Return the parts, the analysis that decided first: a reader looks for its evidence."""
    parts: list[Part] = []
    first = 1
    for number, section in enumerate(sorted(sections, key=_rank, reverse=True), start=1):
        entry, result = section.entry, section.result
        groups = timeline.groups(result, first) if result else []
        first += sum(len(group.places) for group in groups)
        parts.append(
            Part(
                number=number,
                section=section,
                groups=groups,
                chart=timeline.chart(result, groups) if result else None,
                quiet=timeline.quiet(result) if result else [],
                unable=timeline.unable(result) if result else [],
                hidden=timeline.hidden(result) if result else 0,
                limitations=_limitations(result) if result else [],
                counts=counted(entry.verdict, entry.score or 0) if entry.verdict else None,
                said=talk.said(result) if result else [],
                turned=talk.turned(result) if result else None,
            )
        )
    return parts


def _rank(section: Section) -> tuple[int, int]:
    entry = section.entry
    return (SEVERITY[entry.verdict] if entry.verdict else -1), entry.score or 0


def _limitations(result: AnalysisReport) -> list[str]:
    """Return what the detectors of one analysis cannot say, each sentence once."""
    limitations = (sentence for detector in result.detectors for sentence in detector.limitations)
    return list(dict.fromkeys(limitations))[:_LIMITATIONS]


def _facts(media: Sequence[MediaFacts], locale: Locale) -> list[tuple[str, str]]:
    """Return what was decoded, as label and value; what is unknown is left out."""
    t = locale.report
    lengths = [facts.duration_seconds for facts in media if math.isfinite(facts.duration_seconds)]
    rows = [(t.length, words.duration(max(lengths), locale))] if lengths and max(lengths) > 0 else []
    for facts in media:
        sound = [
            t.hertz.format(rate=f"{facts.sample_rate:,}") if facts.sample_rate else "",
            (t.channel if facts.channels == 1 else t.channels.format(count=facts.channels)) if facts.channels else "",
        ]
        picture = [
            f"{facts.width:,} × {facts.height:,}" if facts.width and facts.height else "",  # noqa: RUF001 - as in print
            t.rate.format(rate=f"{facts.frames_per_second:.4g}") if facts.frames_per_second else "",
            t.frames.format(count=f"{facts.frames:,}") if facts.frames else "",
        ]
        for label, details in ((t.sound, sound), (t.picture, picture)):
            if any(details):
                values = [facts.codec, *details, facts.container]
                rows.append((label, ", ".join(value for value in values if value)))
    return rows


def _strength(score: int, locale: Locale) -> str:
    t = locale.report
    if score == 0:
        return t.fact
    word = t.strong if score >= _STRONG else t.medium if score >= SUSPICIOUS_FROM else t.weak
    return f"{word} · {score}"


def _where(finding: Finding, length: float, locale: Locale) -> str:
    """Return the stretch of a finding; what is about the file as a whole is not about a time."""
    if length and finding.start_seconds <= 0 and finding.end_seconds >= length - _ROUNDING:
        return locale.report.whole
    return words.span(finding.start_seconds, finding.end_seconds, locale)


def _tick(seconds: float) -> str:
    """Return a time on the axis, as short as possible."""
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:04.1f}" if seconds % 1 else f"{int(minutes)}:{int(rest):02d}"


def _detectors(result: AnalysisReport) -> list[DetectorReport]:
    return result.detectors[:_DETECTORS]


def _names(detectors: Sequence[str], locale: Locale) -> str:
    return ", ".join(clean(words.heading(clean(name, 60), locale), 60) for name in detectors)


@cache
def _environment() -> tuple[Environment, str, str]:
    environment = Environment(
        loader=PackageLoader("analysis_operator", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        clean=clean,
        size=size,
        facts=_facts,
        strength=_strength,
        where=_where,
        tick=_tick,
        detectors=_detectors,
        names=_names,
        heading=words.heading,
        subject=words.subject,
        duration=words.duration,
        moment=words.moment,
        credential=statements.credential,
        action=statements.action,
        tone=tone,
    )
    environment.tests["inconclusive"] = lambda verdict: verdict is Verdict.INCONCLUSIVE
    style = environment.get_template("page.css.j2").render(codes=[locale.code for locale in locales()]) + "\n"
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment, style, digest
