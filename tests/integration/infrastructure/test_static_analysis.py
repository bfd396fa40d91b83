"""What the field's own tools say about terraform/: OpenTofu's formatter, TFLint and Checkov."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.builder import TFLINT, ensure_program
from tests.cluster.paths import cache_dir
from tests.support.terraform.configuration import ROOT
from tests.support.terraform.opentofu import tofu_in

pytestmark = pytest.mark.integration

_CHECKOV = "checkov==3.3.30"


def _run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=600)


def test_it_is_formatted(tmp_path: Path) -> None:
    tofu_in(tmp_path).run("fmt", "-check", "-diff", "-recursive", str(ROOT))


def test_tflint_finds_nothing() -> None:
    done = _run(ensure_program(TFLINT, "tflint"), "--recursive", f"--config={ROOT / '.tflint.hcl'}", cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_checkov_finds_nothing_but_the_exceptions_that_give_their_reason(tmp_path: Path) -> None:
    everything = tmp_path / "all.tfvars"
    everything.write_text('create_database = true\npipeline_wait = "token"\ncontext_lambda_zip = "context.zip"\n')
    uv = shutil.which("uv") or str(cache_dir() / "uv" / "bin" / "uv")
    # In an environment of its own: its pins would fight ours.
    done = _run(
        uv, "tool", "run", "--quiet", "--python", sys.executable, "--from", _CHECKOV, "checkov",
        "--directory", ROOT, "--config-file", ROOT / ".checkov.yaml", "--var-file", everything,
        "--framework", "terraform", "--skip-download", "--output", "json", cwd=tmp_path,
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert [(check["check_id"], check["resource"]) for check in report["results"]["failed_checks"]] == []
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 50
    for check in report["results"]["skipped_checks"]:
        assert len(check["check_result"]["suppress_comment"].split()) > 3, check["check_id"]


def test_the_exceptions_of_the_whole_give_their_reason_too() -> None:
    lines = [line for line in (ROOT / ".checkov.yaml").read_text().splitlines() if line.strip().startswith("- ")]
    assert lines
    assert all(re.search(r"CKV\w+ # .{20,}", line) for line in lines)
