"""What a request takes in memory: a hundred thousand that are closed and five thousand that wait fit into a pod."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

from analysis_operator.api import EXPIRES_COLUMN, AnalysisRequest
from analysis_operator.requests.closed import ClosedRequests
from analysis_operator.requests.closed_table import ClosedTable

NUMBER = 1000
META = {"name": "call", "namespace": "calls", "generation": 1, "creationTimestamp": "2026-11-27T12:00:00Z"}
CONDITION = {"status": "False", "reason": "Queued", "message": "Waits for a slot of audio.", "observedGeneration": 1}
WAITING: dict[str, Any] = {
    "spec": {"source": {"uri": "s3://media/call.wav"}, "analyzers": ["audio"]},
    "status": {
        "observedGeneration": 1,
        "conditions": [
            CONDITION | {"type": kind, "lastTransitionTime": "2026-11-27T12:00:00Z"}
            for kind in ("Succeeded", "Finished")
        ],
        "analyses": [{"name": "audio", "state": "Pending"}],
    },
}


def meta(number: int) -> dict[str, Any]:
    return META | {"uid": f"00000000-0000-4000-8000-{number:012}", "resourceVersion": str(2_000_000_000 + number)}


def bytes_each(make: Callable[[int], object]) -> float:
    """Return what is held of each of many that are made; the first loads what all need."""
    kept = [make(0)]
    gc.collect()
    tracemalloc.start()
    kept += [make(number) for number in range(1, NUMBER + 1)]
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held / NUMBER


def test_one_that_waits_takes_at_most_five_kilobytes() -> None:
    def read(number: int) -> object:
        return AnalysisRequest.model_validate(json.loads(json.dumps(WAITING | {"metadata": meta(number)})))

    assert bytes_each(read) < 5_000


def test_one_that_is_closed_takes_at_most_half_a_kilobyte() -> None:
    table, closed = ClosedTable(), ClosedRequests()
    columns = [{"name": EXPIRES_COLUMN}]

    def read(number: int) -> object:
        rows = [{"cells": ["2026-12-04T12:00:00Z"], "object": {"metadata": meta(number)}}]
        page = table.read(json.loads(json.dumps({"columnDefinitions": columns, "rows": rows})))
        closed.add(page.requests[0])
        return None

    assert bytes_each(read) < 500
