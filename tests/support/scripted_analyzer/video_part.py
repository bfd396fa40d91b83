"""The scripted video analyzer."""

from __future__ import annotations

from .analysis import warm_up
from .parts import part

analyze = part("video")

__all__ = ["analyze", "warm_up"]
