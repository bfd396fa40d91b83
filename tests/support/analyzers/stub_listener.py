"""Speaks as the listener does, and hears nothing: a task's language says what happens."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def main() -> None:
    """Answer one task after the other."""
    first = json.loads(sys.stdin.readline())
    if first["id"] == "broken":
        print(json.dumps({"problem": "model.bin is gone"}), flush=True)  # noqa: T201
        return
    print(json.dumps({"ready": True}), flush=True)  # noqa: T201
    for line in sys.stdin:
        task = json.loads(line)
        print(json.dumps({"progress": 0.5}), flush=True)  # noqa: T201
        match task["language"]:
            case "slow":
                time.sleep(600)
            case "dies":
                sys.exit(3)
            case "fails":
                print(json.dumps({"failed": "ValueError: no"}), flush=True)  # noqa: T201
                continue
            case "much":
                Path(task["transcript"]).write_bytes(b" " * (17 * 1024**2))
            case _:
                Path(task["transcript"]).write_text("{}", "utf-8")
        print(json.dumps({"done": True}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
