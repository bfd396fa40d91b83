"""What `kubectl guardian batches` and `batch` show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic.alias_generators import to_camel

from analysis_operator.api import AnalysisBatch
from analysis_operator.cli.cluster.batches import cells, told
from analysis_operator.cli.cluster.errors import Refused
from analysis_operator.cli.cluster.models import batch_of

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MESSAGE = "1000 of 12000 recordings are done, 50 of them without a verdict."


def batch(reason: str = "Running", message: str = MESSAGE, **status: Any) -> AnalysisBatch:
    complete = {"type": "Complete", "status": "False", "reason": reason, "message": message}
    complete["lastTransitionTime"] = NOW.isoformat()
    created = (NOW - timedelta(minutes=25)).isoformat()
    meta = {"name": "november", "namespace": "team", "uid": "1", "resourceVersion": "1", "creationTimestamp": created}
    values = {to_camel(key).replace("Uri", "URI"): value for key, value in status.items()}
    return batch_of({
        "metadata": meta,
        "spec": {"source": {"prefix": "s3://media/calls/"}},
        "status": {"conditions": [complete] if reason else [], **values},
    })  # fmt: skip


UNDER_WAY = batch(
    counts={
        "likelyFake": 12, "suspicious": 88, "noEvidence": 700, "inconclusive": 150, "failed": 50,
        "reasons": [{"reason": "CorruptMedia", "count": 30}, {"reason": "MalformedLine", "count": 20}],
    },
    total=12000, progress=8, running=40, per_minute=120, estimated_end=(NOW + timedelta(minutes=75)).isoformat(),
    failed_lines=[{"line": 7, "reason": "MalformedLine"}], results_uri="s3://results/batches/1/",
)  # fmt: skip


def test_a_batch_that_is_under_way_is_told_with_its_rate_and_what_is_left() -> None:
    assert list(told(UNDER_WAY, NOW)) == [
        f"november is under way (Running): {MESSAGE}",
        "  1000 of 12000 done (8 %), 40 running, 120 a minute, about 75m left",
        "  LikelyFake 12, Suspicious 88, NoEvidence 700, Inconclusive 150, without a verdict 50",
        "  Without a verdict: CorruptMedia 30, MalformedLine 20",
        "  Line 7 of the manifest: MalformedLine",
        "Results: aws s3 cp --recursive s3://results/batches/1/ results/",
    ]


def test_one_that_nobody_has_looked_at_and_one_that_has_ended() -> None:
    assert next(told(batch("", ""), NOW)) == "november is under way (Pending)"
    ended = batch("Completed", "All is done.", finished_at=NOW.isoformat(), per_minute=9, total=0, progress=100)
    assert list(told(ended, NOW))[:2] == [
        "november has ended (Completed): All is done.",
        "  0 of 0 done (100 %), 0 running",
    ]
    late = batch(per_minute=3, estimated_end=(NOW - timedelta(hours=1)).isoformat())
    assert "3 a minute, about 0s left" in "".join(told(late, NOW))


def test_the_list_has_a_row_for_each() -> None:
    head, row = cells([UNDER_WAY], NOW, namespaces=True, wide=True)
    assert dict(zip(head, row, strict=True)) == {
        "NAMESPACE": "team", "NAME": "november", "STATUS": "Running", "PROGRESS": "8 %", "TOTAL": "12000", "FAKE": "12",
        "SUSPICIOUS": "88", "FAILED": "50", "PER MINUTE": "120", "LEFT": "75m", "AGE": "25m", "SOURCE": "s3://media/calls/",
    }  # fmt: skip
    assert cells([batch()], NOW, namespaces=False)[1][3] == "-"


def test_a_batch_of_another_version_is_refused_in_a_sentence() -> None:
    with pytest.raises(Refused, match="update it"):
        batch_of({"metadata": {}, "spec": {}})
