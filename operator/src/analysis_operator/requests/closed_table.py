"""Read closed requests from the API server's tables: two columns, and the metadata of each row. Pure."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analysis_operator.api import EXPIRES_COLUMN, NOTIFIED_COLUMN
from analysis_operator.errors import ApiUnavailable
from analysis_operator.requests.closed import ClosedRequest

ACCEPT = "application/json;as=Table;g=meta.k8s.io;v=v1"
"""Without the query ``includeObject`` each row has the metadata of its object."""


@dataclass(frozen=True, slots=True)
class ClosedPage:
    """A page of the list, or one event of the watch. ``version``: from which the watch goes on; may be empty."""

    version: str
    requests: tuple[ClosedRequest, ...]
    deleted: bool = False


class ClosedTable:
    """Reads pages and events one after the other: only the first of a watch names the columns."""

    def __init__(self) -> None:
        self._expires = 0
        self._notified: int | None = None

    def read(self, table: dict[str, Any], *, deleted: bool = False) -> ClosedPage:
        """Read one table. Raises ApiUnavailable if it is none."""
        try:
            if columns := table.get("columnDefinitions"):
                names = [column["name"] for column in columns]
                self._expires = names.index(EXPIRES_COLUMN)
                # Definitions of before notifications have no such column.
                self._notified = names.index(NOTIFIED_COLUMN) if NOTIFIED_COLUMN in names else None
            rows = [(row["cells"], row["object"]["metadata"]) for row in table.get("rows") or ()]
            newest = rows[-1][1]["resourceVersion"] if rows else ""
            return ClosedPage(
                table.get("metadata", {}).get("resourceVersion") or newest,
                # A row of a bookmark has a version and no name.
                tuple(self._request(meta, cells) for cells, meta in rows if meta.get("name")),
                deleted,
            )
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise ApiUnavailable(f"the answer is no table of AnalysisRequests: {error!r}") from error

    def _request(self, meta: dict[str, Any], cells: list[Any]) -> ClosedRequest:
        return ClosedRequest(
            uid=meta["uid"],
            namespace=sys.intern(meta["namespace"]),  # many have the same, and each answer has its own copy
            name=meta["name"],
            version=int(meta["resourceVersion"]),
            generation=int(meta["generation"]),
            expires_at=datetime.fromisoformat(cells[self._expires]),
            unsent=self._notified is not None and cells[self._notified] == "Unknown",
        )
