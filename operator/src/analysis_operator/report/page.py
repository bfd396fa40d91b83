"""Renders the page. Everything that is not ours is escaped, cut to a length, and freed of invisible characters."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template

from analysis_operator.api import AnalysisRequest, RequestStatus
from analysis_operator.core.verdict import SEVERITY
from analysis_operator.report.sections import Section
from analysis_operator.report.words import meaning
from analyzer_contract import AnalysisReport, Finding, MediaFacts

_TEXT_LIMIT = 1200
_FINDINGS_SHOWN = 60
_LIMITATIONS = 40
_KIB = 1024
_STRIP_WIDTH = 1000
_STRIP_LEAST = 6.0
"""The narrowest mark of a finding, in thousandths of the strip: a short one must be visible too."""


def render(request: AnalysisRequest, status: RequestStatus, sections: Sequence[Section]) -> str:
    """Give the page as one HTML document that loads nothing from elsewhere."""
    template, style, style_hash = _template()
    return template.render(
        request=request,
        status=status,
        sections=sections,
        meaning=meaning(status.verdict),
        style=style,
        style_hash=style_hash,
    )


def clean(text: object, limit: int = _TEXT_LIMIT) -> str:
    """Give text that looks like what it is: no control characters, no changes of direction, not endless."""
    flat = str(text)[: limit + 1]
    visible = "".join(" " if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co"} else char for char in flat)
    return visible if len(visible) <= limit else visible[: limit - 1] + "…"


def clock(seconds: float) -> str:
    """Give a time in a recording as mm:ss.s."""
    tenths = round(seconds * 10)
    return f"{tenths // 600:02d}:{tenths % 600 / 10:04.1f}"


def stretch(finding: Finding) -> str:
    """Give where a finding lies; one time is enough for what is shorter than a tenth of a second."""
    start, end = clock(finding.start_seconds), clock(finding.end_seconds)
    return start if start == end else f"{start} to {end}"


def words(name: str) -> str:
    """Give a CamelCase name as words: ``DuplicatedFrames`` becomes ``Duplicated frames``."""
    first, *others = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_-]", " ", name).split() or [""]
    told = [other if other.isupper() else other.lower() for other in others]
    return " ".join([first[:1].upper() + first[1:], *told])


def size(count: int) -> str:
    """Give a number of bytes for people."""
    amount, unit = float(count), "bytes"
    for larger in ("KiB", "MiB", "GiB"):
        if amount < _KIB:
            break
        amount, unit = amount / _KIB, larger
    return f"{count} bytes" if unit == "bytes" else f"{amount:.1f} {unit}"


def facts(media: MediaFacts) -> list[tuple[str, str]]:
    """Give what was decoded, as label and value; what is unknown is left out."""
    rows = [
        ("Container", media.container),
        ("Codec", media.codec),
        ("Length", clock(media.duration_seconds) if media.duration_seconds else ""),
        ("Sample rate", f"{media.sample_rate} Hz" if media.sample_rate else ""),
        ("Channels", str(media.channels) if media.channels else ""),
        ("Picture", f"{media.width} x {media.height}" if media.width and media.height else ""),
        ("Frames", str(media.frames) if media.frames else ""),
        ("Frames per second", f"{media.frames_per_second:.2f}" if media.frames_per_second else ""),
    ]
    return [(label, value) for label, value in rows if value]


def findings(section: Section) -> list[Finding]:
    """Give the strongest findings of every detector, in the order of time."""
    if section.result is None:
        return []
    found = [finding for detector in section.result.detectors for finding in detector.findings]
    top = sorted(found, key=lambda finding: -finding.score)[:_FINDINGS_SHOWN]
    return sorted(top, key=lambda finding: (finding.start_seconds, finding.end_seconds))


def by_severity(sections: Sequence[Section]) -> list[Section]:
    """Give the analyses with the one that decided first: a reader looks for its evidence."""
    return sorted(sections, key=lambda section: -SEVERITY[section.entry.verdict] if section.entry.verdict else 1)


def limitations(result: AnalysisReport) -> list[str]:
    """Give what the detectors of one analysis cannot say, each sentence once."""
    return list(dict.fromkeys(told for detector in result.detectors for told in detector.limitations))[:_LIMITATIONS]


def hidden_findings(section: Section) -> int:
    """Give how many findings the page leaves to the JSON."""
    if section.result is None:
        return 0
    return max(0, sum(len(detector.findings) for detector in section.result.detectors) - _FINDINGS_SHOWN)


def marks(section: Section) -> list[tuple[float, float]]:
    """Give where findings lie on a strip of 1000: start and width. Empty if the length is unknown."""
    length = section.result.media.duration_seconds if section.result else 0
    if not length:
        return []
    placed = []
    for found in findings(section):
        start = min(found.start_seconds / length, 1) * _STRIP_WIDTH
        end = min(found.end_seconds / length, 1) * _STRIP_WIDTH
        width = max(end - start, _STRIP_LEAST)
        placed.append((round(min(start, _STRIP_WIDTH - width), 1), round(width, 1)))
    return placed


def data_uri(png: bytes) -> str:
    """Give an image that needs no other file."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


@cache
def _template() -> tuple[Template, str, str]:
    folder = resources.files("analysis_operator.report")
    style = (folder / "page.css").read_text(encoding="utf-8")
    helpers = {
        "clean": clean,
        "clock": clock,
        "words": words,
        "size": size,
        "facts": facts,
        "stretch": stretch,
        "by_severity": by_severity,
        "limitations": limitations,
        "findings": findings,
        "hidden_findings": hidden_findings,
        "marks": marks,
        "data_uri": data_uri,
    }
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(helpers)
    template = environment.from_string((folder / "page.html.j2").read_text(encoding="utf-8"))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return template, style, digest
