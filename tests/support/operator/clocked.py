"""The operator with a wall clock that a test sets while it runs: ``python -m tests.support.operator.clocked``.

``GUARDIAN_CLOCK_FILE`` holds by how many seconds its clock is ahead; what counts monotonic seconds is as it was.
"""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from analysis_operator import __main__, clock
from analysis_operator.kube import events

_FILE = Path(os.environ["GUARDIAN_CLOCK_FILE"])
_time = time.time


def _ahead() -> float:
    return float(_FILE.read_text() or 0)


class _Set(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> _Set:
        return super().now(tz) + timedelta(seconds=_ahead())


if __name__ == "__main__":
    for module in (clock, events):  # every other part gets its clock from these, or asks for time.time()
        module.datetime = _Set  # type: ignore[attr-defined]
    time.time = lambda: _time() + _ahead()
    __main__.main()
