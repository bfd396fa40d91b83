"""The scripted audio analyzer."""

from __future__ import annotations

from .analysis import warm_up
from .parts import part

analyze = part("audio")

__all__ = ["analyze", "warm_up"]
