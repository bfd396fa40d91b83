"""``python -m analysis_records``: the tables, and the role that reads them, in the database that the variables name.

``migrate`` makes or upgrades the tables. ``reader ROLE`` makes the role of the status API; its password comes by the
standard input, since arguments and variables can be seen.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from analysis_records.address import Address, UrlFile
from analysis_records.errors import RecordsError
from analysis_records.migrate import migrate
from analysis_records.roles import make_reader

_USAGE = """usage: python -m analysis_records migrate
       python -m analysis_records reader ROLE < PASSWORD
GUARDIAN_DATABASE_URL or GUARDIAN_DATABASE_URL_FILE names the database.
"""


def main() -> int:
    """Return the exit code: 0 when it is done."""
    address = _address()
    try:
        match sys.argv[1:]:
            case ["migrate"] if address:
                migrate(address)
            case ["reader", role] if address:
                make_reader(address, role, sys.stdin.read().strip())
            case _:
                sys.stderr.write(_USAGE)
                return 2
    except RecordsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _address() -> Address | None:
    if file := os.environ.get("GUARDIAN_DATABASE_URL_FILE"):
        return UrlFile(Path(file))
    return os.environ.get("GUARDIAN_DATABASE_URL") or None


if __name__ == "__main__":
    sys.exit(main())
