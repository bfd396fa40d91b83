"""Build the database row of a request. Pure."""

from __future__ import annotations

from datetime import datetime

from analysis_operator.api import AnalysisRequest, ConditionType
from analysis_operator.errors import Reason
from analysis_records.record import Row


def row_of(request: AnalysisRequest, seen_at: datetime) -> Row:
    """Return the row of a request in its present state.

    Args:
        request: whole, as the API server gave it.
        seen_at: when the operator saw this state; a change on the way has no better time.
    """
    meta, spec, status = request.metadata, request.spec, request.status
    succeeded = status.condition(ConditionType.SUCCEEDED)
    return Row(
        uid=meta.uid,
        namespace=meta.namespace,
        name=meta.name,
        source_uri=spec.source.uri,
        priority=spec.priority,
        created_at=meta.creation_timestamp or seen_at,
        started_at=status.started_at,
        finished_at=status.finished_at,
        reason=succeeded.reason if succeeded else Reason.PENDING,
        verdict=status.verdict,
        score=status.score,
        progress=status.progress,
        report_uri=status.report_uri,
        # The task token is a secret of the state machine: it is stored nowhere else.
        spec=spec.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"callback"}),
        status=status.model_dump(mode="json", by_alias=True, exclude_none=True),
        resource_version=int(meta.resource_version or 0),
        changed_at=status.finished_at or seen_at,
    )
