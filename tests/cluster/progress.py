"""Progress lines for steps that take long: which one, of how many, since when."""

import sys
import time


class Progress:
    """Numbered steps of one job, written to standard error."""

    def __init__(self, title: str, total: int) -> None:
        self._title = title
        self._total = total
        self._done = 0
        self._started = time.monotonic()

    def step(self, text: str, usually: str = "") -> None:
        """Announce the next step, with the time it usually takes if that is long."""
        self._done += 1
        hint = f" (usually {usually})" if usually else ""
        self._write(f"step {self._done} of {self._total}: {text}{hint}")

    def note(self, text: str) -> None:
        """Say how far the current step is."""
        self._write(f"  {text}")

    def done(self, text: str) -> None:
        """Say that the whole job is finished."""
        self._write(text)

    def _write(self, text: str) -> None:
        elapsed = int(time.monotonic() - self._started)
        line = f"{self._title} [{elapsed // 60:02d}:{elapsed % 60:02d}] {text}"
        print(line, file=sys.stderr, flush=True)
