"""``guardian cost`` where no cluster answers, and the table in the documentation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from analysis_operator.cli.app import app
from tests.cluster.paths import repo_root


def guardian(*arguments: str, columns: int = 80, **environment: str) -> Result:
    return CliRunner().invoke(app, ["cost", *arguments], env={"COLUMNS": str(columns), **environment})


def block(text: str) -> str:
    """Return the fenced block that is marked as text."""
    return text.partition("```text\n")[2].partition("\n```")[0]


def test_the_documented_table_is_what_the_command_prints() -> None:
    assert block((repo_root() / "docs" / "cost.md").read_text()) == guardian("--what-if").stdout.strip("\n")


@pytest.mark.parametrize("columns", [80, 120])
def test_no_line_is_longer_than_the_terminal_is_wide(columns: int) -> None:
    lines = guardian("--what-if", columns=columns).stdout.splitlines()
    assert max(len(line) for line in lines) <= columns


def test_what_if_takes_other_prices_and_hours() -> None:
    output = guardian("--what-if", "--on-demand-price=1", "--spot-price=0.5", "--hours-per-day=12", "-o", "json").stdout
    document = json.loads(output)
    assert [row["perMonth"] for row in document["oneNode"]] == [720, 360, 180]
    assert [row["saving"] for row in document["oneNode"]] == [0, 0.5, 0.75]
    assert document["assumptions"]["spotPrice"] == 0.5


@pytest.mark.parametrize(
    "option", ["--spot-price=-1", "--on-demand-price=inf", "--spot-price=nan", "--hours-per-day=25"]
)
def test_a_number_that_makes_no_sense_is_refused(option: str) -> None:
    assert guardian("--what-if", option).exit_code == 2


def kubeconfig(folder: Path, server: str) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "a", "cluster": {"server": server}}],
        "users": [{"name": "a", "user": {}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "current-context": "a",
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


def test_no_kubeconfig_is_said_in_a_sentence(tmp_path: Path) -> None:
    result = guardian(KUBECONFIG=str(tmp_path / "none"))
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: No kubeconfig at {tmp_path / 'none'}: name one with --kubeconfig. --what-if needs none.\n"
    )


@pytest.mark.parametrize("text", ["", "a: [", "- a", "a", "clusters: 5"])
def test_a_file_that_is_no_kubeconfig_is_said_in_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    result = guardian("--kubeconfig", str(path))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: The kubeconfig {path} cannot be used: ")
    assert result.stderr.count("\n") == 1


def test_a_cluster_that_does_not_answer_is_said_in_a_sentence(tmp_path: Path) -> None:
    result = guardian("--kubeconfig", str(kubeconfig(tmp_path, "http://127.0.0.1:1")))
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The Analyzers cannot be read: Cannot connect to host 127.0.0.1:1 ")
    assert result.stderr.count("\n") == 1


def test_a_context_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    result = guardian("--kubeconfig", str(kubeconfig(tmp_path, "http://127.0.0.1:1")), "--context", "other")
    assert result.exit_code == 1
    assert "other" in result.stderr
