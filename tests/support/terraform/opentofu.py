"""OpenTofu, as far as it goes without providers: variables, locals and modules without one are really evaluated."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.builder import OPENTOFU, ensure_program
from tests.cluster.shell import PATIENCE_SECONDS


class TofuError(AssertionError):
    """OpenTofu refused; the message is what it said."""


@dataclass(frozen=True)
class Tofu:
    """One folder in which it works."""

    program: Path
    folder: Path

    def run(self, *arguments: str, variables: Mapping[str, Any] | None = None) -> str:
        """Run one command and return what it printed.

        Raises:
            TofuError: it failed.
        """
        (self.folder / "test.auto.tfvars.json").write_text(json.dumps(dict(variables or {})))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
        done = subprocess.run(
            [self.program, *arguments], cwd=self.folder, env={**environment, "TF_IN_AUTOMATION": "1"},
            capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS,
        )  # fmt: skip
        if done.returncode != 0:
            raise TofuError(done.stdout + done.stderr)
        return done.stdout

    def outputs(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Evaluate the folder, and return its outputs."""
        self.run("init", "-no-color")
        self.run("apply", "-auto-approve", "-no-color", variables=variables)
        return {name: output["value"] for name, output in json.loads(self.run("output", "-json")).items()}


def tofu_in(folder: Path, *files: Path) -> Tofu:
    """Return OpenTofu over copies of files; it is built first if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(file, folder / file.name)
    return Tofu(ensure_program(OPENTOFU, "tofu"), folder)
