"""How the report writes names, times and strengths in one language."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from guardian_locales import Locale

_NOON = 12


def words(name: str) -> str:
    """Return a CamelCase name as words: ``DuplicatedFrames`` becomes ``Duplicated frames``."""
    first, *others = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_-]", " ", name).split() or [""]
    rest = [other if other.isupper() else other.lower() for other in others]
    return " ".join([first[:1].upper() + first[1:], *rest])


def clock(seconds: float) -> str:
    """Return a time in a recording as mm:ss.s."""
    tenths = round(seconds * 10)
    return f"{tenths // 600:02d}:{tenths % 600 / 10:04.1f}"


def heading(name: str, locale: Locale) -> str:
    """Return what a kind of finding, or a detector, is called; if the language has no word, the analyzer's own."""
    kind = locale.kinds.get(name)
    return kind.title if kind else locale.detectors.get(name) or words(name)


def subject(analyzer: str, locale: Locale) -> str:
    """Return what an analyzer looks at."""
    entry = locale.analyzers.get(analyzer)
    return entry.title if entry else words(analyzer)


def duration(seconds: float, locale: Locale) -> str:
    """Return a number of seconds of the recording."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    times = locale.report.times
    return (times.length if minutes else times.length_below_a_minute).format(minutes=minutes, seconds=rest / 10)


def span(start: float, end: float, locale: Locale) -> str:
    """Return where a finding lies; one time is enough for what is shorter than a tenth of a second."""
    first, last = duration(start, locale), duration(end, locale)
    return first if first == last else locale.report.times.span.format(first=first, last=last)


def moment(time: datetime, locale: Locale) -> str:
    """Return an aware date and time, on the clocks of those who speak the language."""
    times = locale.report.times
    local = time.astimezone(timezone(timedelta(hours=times.utc_offset_hours)))
    return times.moment.format(
        year=local.year,
        month=local.month,
        day=local.day,
        hour=local.hour,
        hour_of_12=local.hour % _NOON or _NOON,
        half=times.halves[local.hour >= _NOON],
        minute=local.minute,
        second=local.second,
    )
