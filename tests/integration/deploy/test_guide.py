"""docs/deploy.md and docs/cost.md say what deploy.sh and terraform/ do."""

from __future__ import annotations

import re

import pytest

from tests.cluster.paths import repo_root
from tests.support.terraform.configuration import ROOT, Configuration
from tests.support.terraform.deploying import Deployment

pytestmark = pytest.mark.integration

_GUIDE = (repo_root() / "docs" / "deploy.md").read_text()
_COST = (repo_root() / "docs" / "cost.md").read_text()
_COMMANDS = [
    line.partition("#")[0].split()
    for block in re.findall(r"^ *```sh\n(.*?)^ *```", _GUIDE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]


def test_the_guide_goes_through_the_steps_of_deploy_sh_in_their_order() -> None:
    steps = re.search(r'STEPS="(.*)"', (repo_root() / "deploy.sh").read_text())
    assert steps
    assert [command[2] for command in _COMMANDS if "--step" in command] == steps[1].split()


@pytest.mark.parametrize("command", _COMMANDS, ids=" ".join)
def test_each_command_of_the_guide_does_what_it_says(deployed: Deployment, command: list[str]) -> None:
    assert command[0] == "./deploy.sh"
    done = deployed.run(*command[1:], typed="destroy\n")
    assert done.returncode == 0, done.stderr


def test_each_variable_of_the_guide_is_one_of_terraform() -> None:
    variables = {name for (name,), _ in Configuration(ROOT).blocks("variable")}
    table = _GUIDE[_GUIDE.index("| variable |") : _GUIDE.index("**Shared state.**")].strip()
    named = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert len(named) > 10
    assert named <= variables


def test_the_pinned_versions_are_those_of_terraform() -> None:
    for release in ("keda", "metrics_server", "cluster_autoscaler"):
        assert Configuration(ROOT).one("resource", "helm_release", release)["version"] in _GUIDE


def test_the_sum_of_what_it_costs_is_the_sum_of_its_rows() -> None:
    table = _COST[_COST.index("| EKS control plane") : _COST.index("| PostgreSQL, if")]
    *rows, total = [float(row.split("|")[-2]) for row in table.strip().splitlines()]
    assert round(sum(rows), 2) == total
