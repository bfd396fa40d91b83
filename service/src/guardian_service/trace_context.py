"""What names a span in other processes, as W3C Trace Context writes it. Pure."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace

HEADER = "traceparent"
ANNOTATION = "silverguardian.io/traceparent"
"""On an AnalysisRequest: the context of its maker."""

_TRACEPARENT = re.compile(r"^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$")


@dataclass(frozen=True, slots=True)
class Context:
    """What names a span in other processes."""

    trace_id: str
    span_id: str
    sampled: bool = True

    @property
    def traceparent(self) -> str:
        """Return it as W3C Trace Context writes it."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    @property
    def exemplar(self) -> dict[str, str]:
        """Return the labels by which a measured value names its trace."""
        return {"trace_id": self.trace_id}

    def child(self) -> Context:
        """Return the context of a new span of the same trace."""
        return replace(self, span_id=secrets.token_hex(8))


def read(traceparent: str | None) -> Context | None:
    """Return the context that a header or an annotation names; None if it names none."""
    found = _TRACEPARENT.match(traceparent or "")
    return Context(found[1], found[2], bool(int(found[3], 16) & 1)) if found else None
