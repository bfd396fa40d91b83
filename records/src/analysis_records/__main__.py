"""``python -m analysis_records migrate`` makes or upgrades the tables of GUARDIAN_DATABASE_URL."""

from __future__ import annotations

import os
import sys

from analysis_records.errors import RecordsError
from analysis_records.migrate import migrate


def main() -> int:
    """Return the exit code: 0 when the tables are up to date."""
    url = os.environ.get("GUARDIAN_DATABASE_URL", "")
    if sys.argv[1:] != ["migrate"] or not url:
        sys.stderr.write("usage: GUARDIAN_DATABASE_URL=postgresql://… python -m analysis_records migrate\n")
        return 2
    try:
        migrate(url)
    except RecordsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
