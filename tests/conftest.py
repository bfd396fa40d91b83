"""What every test shares."""

from __future__ import annotations

import os

from hypothesis import settings

# Where a failure stops a submission, the same examples are tried each time; new ones are looked for at the desk.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
