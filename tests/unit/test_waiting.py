"""What a test says that waited in vain."""

from __future__ import annotations

import pytest

from tests.cluster.shell import wait_until


def test_who_waits_in_vain_is_told_for_what_and_what_there_is() -> None:
    with pytest.raises(TimeoutError, match=r"waited 0 s for every process to end: \['sleep'\]"):
        wait_until(lambda: False, "every process to end", timeout=0, detail=lambda: ["sleep"])
    with pytest.raises(TimeoutError, match=r"waited 0 s for an answer$"):
        wait_until(lambda: False, "an answer", timeout=0)
