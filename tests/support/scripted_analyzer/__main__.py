"""``python -m tests.support.scripted_analyzer`` serves the scripted analyzer."""

from __future__ import annotations

import os

from analyzer_kit.analyzer import Analyzer
from analyzer_kit.entrypoint import main

from .null import NullBackend
from .parts import PARTS

if __name__ == "__main__":
    part = os.environ.get("GUARDIAN_PART")
    module = f"{part}_part" if part in PARTS else "analysis"
    analyzer = Analyzer(name="scripted", version="1", module=f"{__package__}.{module}", port=8009)
    null = os.environ.get("GUARDIAN_NULL") == "1"
    main(analyzer, backend=NullBackend() if null else None)
