"""The same on a machine whose filter of system calls does nothing: what else holds the child in."""

from __future__ import annotations

from analyzer_kit.child import seccomp

from .analysis import analyze, warm_up

seccomp.install = lambda: None

__all__ = ["analyze", "warm_up"]
