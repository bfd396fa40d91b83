"""What an analyzer wrote, read within bounds."""

from __future__ import annotations

import json
from typing import Any

from analysis_operator.reading import read_report
from analyzer_contract import MOST_DETECTORS, MOST_FINDINGS, MOST_LIMITATIONS, MOST_POINTS


def detector(findings: int = 0, points: int = 0, score: int = 60, limitations: int = 0) -> dict[str, Any]:
    found = {"kind": "Splice", "startSeconds": 1, "endSeconds": 2, "score": score}
    point = {"startSeconds": 0, "endSeconds": 1, "score": 1}
    return {
        "name": "Splices",
        "score": score,
        "findings": [found] * findings,
        "timeline": [point] * points,
        "limitations": ["It cannot see."] * limitations,
        "model": {"id": "m", "version": "1"},
    }


def report(*detectors: Any) -> bytes:
    told = {
        "id": "x.audio",
        "analyzer": "audio",
        "source": {"etag": "e", "sizeBytes": 1},
        "media": {},
        "verdict": "NoEvidence",
        "score": 1,
        "summary": "",
        "detectors": list(detectors),
    }
    return json.dumps(told).encode()


def test_of_too_many_findings_the_strongest_are_read_and_the_others_are_counted() -> None:
    weak, strong = detector(200, score=55, limitations=MOST_LIMITATIONS), detector(200, score=90)
    read = read_report(report(*[weak] * 5, *[strong] * 4))
    assert sum(len(one.findings) for one in read.detectors) == MOST_FINDINGS
    assert [len(one.findings) for one in read.detectors[5:]] == [200] * 4
    assert [len(one.findings) for one in read.detectors[:5]] == [200, 0, 0, 0, 0]
    assert read.detectors[0].limitations == ["It cannot see."] * MOST_LIMITATIONS
    assert read.detectors[1].limitations[-1] == "200 weaker findings are left out: a result holds 1,000."
    assert len(read.detectors[1].limitations) == MOST_LIMITATIONS


def test_timelines_together_have_an_end() -> None:
    read = read_report(report(*[detector(points=9_000) for _ in range(4)], detector(points=10)))
    lengths = [len(one.timeline) for one in read.detectors]
    assert lengths == [9_000, 9_000, 0, 0, 10]
    assert sum(lengths) <= MOST_POINTS


def test_what_is_within_bounds_is_read_as_it_is() -> None:
    one = detector(200, 2000)
    (read,) = read_report(report(one)).detectors
    assert (len(read.findings), len(read.timeline), read.limitations) == (200, 2000, [])
    assert len(read_report(report(*[detector() for _ in range(500)])).detectors) == MOST_DETECTORS
