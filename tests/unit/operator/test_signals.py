"""Signals reach every listener, in order and at once."""

from __future__ import annotations

from analysis_operator.signals import Signal


def test_every_listener_is_called_in_order_before_send_returns() -> None:
    changed = Signal[str, bool]()
    changed.send("nothing", True)
    calls: list[tuple[str, str, bool]] = []
    changed.connect(lambda name, flag: calls.append(("first", name, flag)))
    changed.connect(lambda name, flag: calls.append(("second", name, flag)))
    changed.send("audio", False)
    assert calls == [("first", "audio", False), ("second", "audio", False)]
