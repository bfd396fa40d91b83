"""Rows for the tests of records."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from analysis_records.record import Row

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def row(number: int = 1, version: int = 10, **changes: Any) -> Row:
    """Return the row of a queued request; the number makes its UID, and a later number was created later."""
    queued = Row(
        uid=str(uuid.UUID(int=number)),
        namespace="default",
        name=f"call-{number}",
        source_uri="s3://media/call.wav",
        priority=0,
        created_at=NOW + timedelta(seconds=number),
        started_at=None,
        finished_at=None,
        reason="Queued",
        verdict=None,
        score=None,
        progress=0,
        report_uri=None,
        spec={"source": {"uri": "s3://media/call.wav"}},
        status={"progress": 0},
        resource_version=version,
        changed_at=NOW,
    )
    return replace(queued, **changes)


def finished(number: int = 1, version: int = 20, **changes: Any) -> Row:
    """Return the row of the same request at its end."""
    end: dict[str, Any] = {
        "finished_at": NOW + timedelta(minutes=1),
        "reason": "Completed",
        "verdict": "Suspicious",
        "score": 85,
        "progress": 100,
        "status": {"verdict": "Suspicious", "score": 85, "progress": 100},
    }
    return row(number, version, **(end | changes))
