"""The commands of docs/status-api.md, run as they stand there against `guardian app`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.media.samples import make_samples
from tests.support.ports import free_port
from tests.support.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[3]


def test_the_commands_of_the_documentation_work(tmp_path: Path) -> None:
    make_samples(tmp_path / "media")
    (script,) = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "status-api.md").read_text(), re.DOTALL)
    command = [
        sys.executable,
        "-c",
        "from analysis_operator.cli import main; main()",
        "app",
        "--port",
        str(free_port()),
    ]
    env = os.environ | {"PYTHONUNBUFFERED": "1", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    with subprocess.Popen(
        [*command, "--out", str(tmp_path / "out")], stdout=subprocess.PIPE, text=True, env=env
    ) as served:
        try:
            assert served.stdout is not None
            opened = re.search(r"(http://\S+)/#token=(\S+)", served.stdout.readline())
            assert opened is not None
            variables = {"API": opened[1], "TOKEN": opened[2], "FILE": str(tmp_path / "media" / "synthetic.wav")}
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", script],
                cwd=tmp_path, env=env | variables, capture_output=True, text=True, check=False,
                timeout=PATIENCE_SECONDS,
            )  # fmt: skip
        finally:
            served.send_signal(signal.SIGINT)
    assert done.returncode == 0, done.stdout + done.stderr
    verdict, unchanged, newest, erased = done.stdout.split()
    assert (verdict, unchanged, erased) == ("LikelyFake", "304", "202")
    assert newest in (tmp_path / "analysis.json").read_text()
    assert "<html" in (tmp_path / "report.html").read_text()
