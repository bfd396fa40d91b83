"""The requests that are made for a batch: their names, and how they are known again. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from analysis_operator.api import API_VERSION, BATCH_LABEL, AnalysisBatch, AnalysisRequest
from analysis_operator.batches.rows import Row
from analysis_operator.kube.objects import KubeObject

LINE_ANNOTATION = "silverguardian.io/batch-line"
_MOST_NAME = 180
_MOST_DIGITS = 15
_KEPT_SECONDS = 315_360_000
"""A request stays until its outcome is in the results, however long that takes; then the batch deletes it."""


@dataclass(frozen=True, slots=True)
class Child:
    """A request as it was read, with what names its place in the batch."""

    request: AnalysisRequest
    batch_uid: str
    line: int | None

    @property
    def row(self) -> Row:
        """Return the row that it was made from."""
        source = self.request.spec.source
        return Row(source.uri, source.version_id, self.line)


def name_of(batch: AnalysisBatch, row: Row) -> str:
    """Return the name of a row's request: the same in every operator, and never the same for two rows."""
    told = f"{batch.metadata.uid}\n{row.line or ''}\n{row.version_id or ''}\n{row.uri or ''}"
    digest = hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()[:16]
    return f"{batch.metadata.name[:_MOST_NAME].rstrip('.-')}-{digest}"


def request_of(batch: AnalysisBatch, name: str, row: Row) -> KubeObject:
    """Return the request of one row, as it is created."""
    meta, spec = batch.metadata, batch.spec
    owner = {"apiVersion": API_VERSION, "kind": "AnalysisBatch", "name": meta.name, "uid": meta.uid, "controller": True}
    source = {"uri": row.uri} | ({"versionId": row.version_id} if row.version_id else {})
    return {
        "apiVersion": API_VERSION,
        "kind": "AnalysisRequest",
        "metadata": {
            "name": name,
            "namespace": meta.namespace,
            "labels": {BATCH_LABEL: meta.uid},
            "annotations": {LINE_ANNOTATION: str(row.line)} if row.line else {},
            "ownerReferences": [owner],
        },
        "spec": {
            "source": source,
            "analyzers": spec.analyzers,
            "priority": spec.priority,
            "refresh": spec.refresh,
            "timeoutSeconds": spec.timeout_seconds,
            "maxAttempts": spec.max_attempts,
            "ttlSecondsAfterFinished": _KEPT_SECONDS,
        },
    }


def read_child(raw: dict[str, Any]) -> Child:
    """Return a request with its marks. Raises ValidationError."""
    meta = raw.get("metadata", {})
    line = str((meta.get("annotations") or {}).get(LINE_ANNOTATION, ""))
    owner = str((meta.get("labels") or {}).get(BATCH_LABEL, ""))
    number = int(line) if line.isdecimal() and len(line) <= _MOST_DIGITS else None
    return Child(AnalysisRequest.model_validate(raw), owner, number)
