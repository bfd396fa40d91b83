"""The scripted context analyzer."""

from __future__ import annotations

from .analysis import warm_up
from .parts import part

analyze = part("context")

__all__ = ["analyze", "warm_up"]
