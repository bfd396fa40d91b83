"""Print what `kubectl get analysisrequests` prints, and check requests against the outcomes that their manifests state.

Both runtimes use it: the requests come from memory or from an API server.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from analysis_operator.api import GROUP, AnalysisRequest, ConditionType, crd

EXPECT_REASON = f"{GROUP}/expect-reason"
EXPECT_VERDICT = f"{GROUP}/expect-verdict"
EXPECT_FINDINGS = f"{GROUP}/expect-findings"

_PADDING = 3
_LEAST_WIDTH = 6
_BY_TYPE = re.compile(r'\[\?\(@\.type=="(\w+)"\)\]')
_SECOND, _MINUTE, _HOUR, _DAY = 1, 60, 3600, 86_400


def render_table(
    requests: Iterable[AnalysisRequest], *, now: datetime | None = None, wide: bool = False, namespaces: bool = False
) -> str:
    """Return the table that `kubectl get analysisrequests` prints, with its columns taken from the CRD.

    Args:
        requests: the rows.
        now: the time from which ages count; the current time by default.
        wide: as with ``-o wide``.
        namespaces: as with ``-A``.
    """
    columns = [column for column in _columns() if wide or not column.get("priority")]
    head = ["NAMESPACE"] * namespaces + ["NAME"] + [column["name"].upper() for column in columns]
    rows = [head]
    for request in requests:
        shown = request.model_dump(mode="json", by_alias=True, exclude_none=True)
        cells = [_cell(shown, column, now or datetime.now(UTC)) for column in columns]
        rows.append([request.metadata.namespace] * namespaces + [request.metadata.name, *cells])
    widths = [max(_LEAST_WIDTH, *(len(row[index]) + _PADDING for row in rows)) for index in range(len(head))]
    lines = ["".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines)


def unmet(request_manifest: Mapping[str, Any], request: AnalysisRequest) -> list[str]:
    """Return what the manifest's annotations expect and the request did not get, one clause each.

    Of several verdicts, with commas between, one is enough; of several findings each is expected.
    Without such annotations the request only has to finish.
    """
    status = request.status
    if not status.finished:
        return ["it did not finish"]
    expected: Mapping[str, str] = (request_manifest.get("metadata") or {}).get("annotations") or {}
    problems = []
    succeeded = status.condition(ConditionType.SUCCEEDED)
    reason = succeeded.reason if succeeded else ""
    if EXPECT_REASON in expected and reason != expected[EXPECT_REASON]:
        problems.append(f"expected the reason {expected[EXPECT_REASON]}, and got {reason or 'none'}")
    verdict = str(status.verdict) if status.verdict else "none"
    wanted = _list(expected.get(EXPECT_VERDICT, ""))
    if wanted and verdict not in wanted:
        problems.append(f"expected the verdict {' or '.join(wanted)}, and got {verdict}")
    kinds = {finding.kind for entry in status.analyses for finding in entry.findings}
    missing = [kind for kind in _list(expected.get(EXPECT_FINDINGS, "")) if kind not in kinds]
    if missing:
        problems.append(f"expected to find {', '.join(missing)}, and found {', '.join(sorted(kinds)) or 'nothing'}")
    return problems


def age(since: datetime, now: datetime) -> str:
    """Return the time since then as kubectl prints it: ``7s``, ``3m5s``, ``25m``, ``2d4h``."""
    seconds = int((now - since).total_seconds())
    if seconds < -1:
        return "<invalid>"
    seconds = max(0, seconds)
    steps: Sequence[tuple[int, int, int]] = (
        (2 * _MINUTE, _SECOND, 0),
        (10 * _MINUTE, _MINUTE, _SECOND),
        (3 * _HOUR, _MINUTE, 0),
        (8 * _HOUR, _HOUR, _MINUTE),
        (2 * _DAY, _HOUR, 0),
        (8 * _DAY, _DAY, _HOUR),
    )
    for below, unit, rest in steps:
        if seconds < below:
            return _amount(seconds, unit, rest)
    return _amount(seconds, _DAY, 0)


def _amount(seconds: int, unit: int, rest: int) -> str:
    letters = {_SECOND: "s", _MINUTE: "m", _HOUR: "h", _DAY: "d"}
    whole = f"{seconds // unit}{letters[unit]}"
    left = seconds % unit // rest if rest else 0
    return f"{whole}{left}{letters[rest]}" if left else whole


def _columns() -> list[dict[str, Any]]:
    (version,) = crd.definitions()["analysisrequests.yaml"]["spec"]["versions"]
    columns: list[dict[str, Any]] = version["additionalPrinterColumns"]
    return columns


def _cell(shown: Mapping[str, Any], column: Mapping[str, Any], now: datetime) -> str:
    value = _at(shown, column["jsonPath"])
    if value is None:
        return ""
    if column["type"] == "date":
        return age(datetime.fromisoformat(str(value)), now)
    return str(value)


def _at(shown: Any, path: str) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """Follow the two forms of JSONPath that the CRD's columns use: ``.a.b`` and ``.list[?(@.type=="X")].c``."""
    for part in path.strip(".").split(".") if "[" not in path else _split(path):
        if shown is None:
            return None
        if part.startswith("["):
            match = _BY_TYPE.fullmatch(part)
            shown = next((item for item in shown if match and item["type"] == match[1]), None)
        else:
            shown = shown.get(part)
    return shown


def _split(path: str) -> list[str]:
    before, bracket, after = path.partition("[")
    inside, _, rest = after.partition("]")
    return [*before.strip(".").split("."), f"{bracket}{inside}]", *rest.strip(".").split(".")]


def _list(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]
