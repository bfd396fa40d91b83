"""``python -m tests.support.hostile_analyzer`` serves it; GUARDIAN_UNFILTERED=1: without its filter of system calls."""

from __future__ import annotations

import os

from analyzer_kit.analyzer import Analyzer
from analyzer_kit.entrypoint import main

if __name__ == "__main__":
    module = "unfiltered" if os.environ.get("GUARDIAN_UNFILTERED") == "1" else "analysis"
    main(Analyzer(name="hostile", version="1", module=f"{__package__}.{module}", port=8010))
