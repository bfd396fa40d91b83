"""Signals: how one part of the operator learns of changes in another."""

from __future__ import annotations

from collections.abc import Callable


class Signal[*Arguments]:
    """Calls its listeners, in the order in which they were connected, before `send` returns.

    A part owns the signals that it sends. A listener gets the signal, or its owner, by the constructor and connects
    there.
    """

    def __init__(self) -> None:
        self._listeners: list[Callable[[*Arguments], object]] = []

    def connect(self, listener: Callable[[*Arguments], object]) -> None:
        """Call `listener` from now on, at every `send`."""
        self._listeners.append(listener)

    def send(self, *arguments: *Arguments) -> None:
        """Call every listener. What one of them raises is raised here."""
        for listener in self._listeners:
            listener(*arguments)
