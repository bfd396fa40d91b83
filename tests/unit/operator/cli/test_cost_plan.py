"""What so many recordings a day need: the figures follow from what is stated, and the page has the real output."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analysis_operator.cli.cost_plan import Prices, Work, per_day, planned
from tests.cluster.paths import repo_root
from tests.unit.operator.cli.test_cost import block, guardian

MILLION = "1000000/day"


def document(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(guardian(*arguments, "-o", "json").stdout)
    return found


def test_the_documented_plan_is_what_the_command_prints() -> None:
    page = (repo_root() / "docs" / "scale.md").read_text()
    assert block(page) == guardian("--plan", MILLION).stdout.strip("\n")


@pytest.mark.parametrize(
    ("rate", "recordings"),
    [
        ("1000000/day", 1_000_000),
        ("1,000,000/day", 1_000_000),
        ("1_000/hour", 24_000),
        ("300/month", 10),
        ("0/day", None),
        ("-5/day", None),
        ("5", None),
        ("5/week", None),
        ("1e6/day", None),
        ("", None),
    ],
)
def test_a_rate_is_a_number_and_a_time(rate: str, recordings: float | None) -> None:
    assert per_day(rate) == recordings


def test_nodes_follow_from_the_seconds_that_recordings_take() -> None:
    # One a second, 1.4 CPU-s each, busy 70 % of the time: two cores at work, and two pods.
    plan = planned(Work(86_400, cpu_seconds=1.4, wait_seconds=0), Prices(node_cores=2), ttl_days=7)
    assert (plan.per_second, plan.pods, plan.nodes, plan.objects) == (1, 2, 2, 604_800)
    half = planned(Work(43_200, cpu_seconds=1.4, wait_seconds=0), Prices(node_cores=2), ttl_days=7)
    assert (half.pods, half.nodes) == (1, 1)


def test_pods_that_wait_for_s3_need_nodes_too() -> None:
    waiting = planned(Work(864_000, cpu_seconds=0.1, wait_seconds=7), Prices(node_cores=4), ttl_days=7)
    assert waiting.pods == 202
    assert waiting.nodes == 29  # of four cores less what every node needs seven pods fit


def test_requests_to_s3_are_those_that_the_code_makes() -> None:
    rows = {row.key: row for row in planned(Work(1000, analyzers=1), Prices(), ttl_days=7).rows}
    assert rows["s3Writes"].amount == pytest.approx(1000 * (3 + 1) + 4 + 1)
    assert rows["s3Reads"].amount == 5000


def test_programs_get_the_same_figures() -> None:
    plan = document("--plan", MILLION)
    assert plan["recordingsPerDay"] == 1_000_000
    assert plan["sum"]["perMonth"] == pytest.approx(sum(row["perMonth"] for row in plan["costs"]), abs=0.05)
    dearer = document("--plan", MILLION, "--spot-price=0.1")
    nodes = [next(row for row in each["costs"] if row["key"] == "nodes") for each in (plan, dearer)]
    assert nodes[1]["perMonth"] == 2 * nodes[0]["perMonth"]


def test_more_than_one_operator_can_do_is_said() -> None:
    assert any("divide the work between clusters" in note for note in document("--plan", "20000000/day")["notes"])
    assert not any("divide" in note for note in document("--plan", MILLION)["notes"])


@pytest.mark.parametrize("columns", [80, 120])
def test_no_line_is_longer_than_the_terminal_is_wide(columns: int) -> None:
    lines = guardian("--plan", "100,000,000/day", columns=columns).stdout.splitlines()
    assert max(len(line) for line in lines) <= columns


@pytest.mark.parametrize("option", ["--plan=many", "--cpu-seconds=nan", "--cpu-seconds=0", "--s3-read-price=nan"])
def test_what_makes_no_sense_is_refused(option: str) -> None:
    assert guardian("--plan", MILLION, option).exit_code == 2
