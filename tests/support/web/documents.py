"""The commands in the documentation, as a reader would run them."""

from __future__ import annotations

import os
import re
import subprocess
import textwrap
from pathlib import Path

from tests.cluster.paths import repo_root
from tests.cluster.shell import PATIENCE_SECONDS

_BLOCK = re.compile(r"^( *)```sh (\S+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, mark: str = "run") -> list[str]:
    """Return the blocks of a page in docs/ that bear a mark behind their language."""
    text = (repo_root() / "docs" / page).read_text()
    return [textwrap.dedent(code) for _, label, code in _BLOCK.findall(text) if label == mark]


def run_block(code: str, clients: Path, kubeconfig: Path) -> str:
    """Run a block in the root of the checkout, with kubectl and helm on PATH; return its output, or fail."""
    env = os.environ | {"PATH": f"{clients}:{os.environ['PATH']}", "KUBECONFIG": str(kubeconfig)}
    done = subprocess.run(
        ["bash", "-m", "-euo", "pipefail", "-c", code],
        cwd=repo_root(), env=env, text=True, timeout=2 * PATIENCE_SECONDS, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, f"{code}\n{done.stdout}"
    return done.stdout
