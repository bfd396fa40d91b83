"""``python -m tests.support.scripted_analyzer`` serves the scripted analyzer."""

from __future__ import annotations

import os

from analyzer_kit.analyzer import Analyzer
from analyzer_kit.server import main

from .null import NullBackend

if __name__ == "__main__":
    analyzer = Analyzer(name="scripted", version="1", module=f"{__package__}.analysis", port=8009)
    null = os.environ.get("GUARDIAN_NULL") == "1"
    main(analyzer, backend=NullBackend() if null else None)
