"""The alerts, tried by Prometheus's own promtool: each fires when it should, not before, and none where all is well."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.shell import run
from tests.support.chart import only, rendered
from tests.support.monitoring.prometheus import program
from tests.unit.charts.test_monitoring import ON

pytestmark = pytest.mark.integration

HERE, AUDIO = 'namespace="guardians"', 'namespace="guardians",analyzer="audio"'
FAILED, DONE = ('verdict="None",reason="WorkerCrashed"', 'verdict="NoEvidence",reason="Completed"')


@dataclass(frozen=True)
class Case:
    """Series minute by minute, and the minutes in which an alert does not fire yet and fires."""

    alert: str
    series: dict[str, str]
    not_yet: int
    fires: int
    severity: str = "warning"
    labels: dict[str, str] = field(default_factory=lambda: {"analyzer": "audio"})
    value: str = ""


def pool(name: str, values: str) -> dict[str, str]:
    return {f"silver_guardian_{name}{{{AUDIO}}}": values}


CASES = [
    Case("SilverGuardianNoLeader", {f"silver_guardian_leader{{{HERE}}}": "1 0x9"}, 1, 2, "critical", {}),
    Case(
        "SilverGuardianTwoLeaders",
        {f'silver_guardian_leader{{{HERE},pod="{pod}"}}': "1x9" for pod in "ab"}, 1, 2, "critical", {},
    ),
    Case("SilverGuardianWorkIsStuck", pool("queued", "5x20") | pool("running", "0x20"), 9, 10, "critical"),
    Case("SilverGuardianPoolTooSmall", pool("queued", "0 5x60") | pool("running", "5x60"), 34, 36),
    Case(
        "SilverGuardianRequestsFail",
        {
            f"silver_guardian_requests_finished_total{{{HERE},{FAILED}}}": "0+1x60",
            f"silver_guardian_requests_finished_total{{{HERE},{DONE}}}": "0+9x60",
        },
        4, 10, labels={}, value="10%",
    ),
    Case(
        "SilverGuardianPodsAreLost",
        {f'silver_guardian_attempts_total{{{AUDIO},outcome="PodLost"}}': "0+1x60"}, 8, 20,
    ),
    Case(
        "SilverGuardianWorkersCrash", {f'guardian_analyses_total{{{AUDIO},outcome="WorkerCrashed"}}': "0+1x60"}, 4, 20
    ),
    Case("SilverGuardianReconcileErrors", {f"silver_guardian_reconcile_errors_total{{{HERE}}}": "0+1x60"}, 2, 20,
         labels={}),
    Case("SilverGuardianEventsAreMissed", {f"silver_guardian_missed_events_total{{{HERE}}}": "0+1x60"}, 2, 20,
         labels={}),
    Case("SilverGuardianClocksDiffer", {f"silver_guardian_clock_difference_seconds{{{HERE}}}": "0 -400x9"}, 1, 3,
         labels={}),
    Case("SilverGuardianReportsArePaused", {f"silver_guardian_reports_paused{{{HERE}}}": "1x20"}, 4, 5, labels={}),
    Case(
        "SilverGuardianPoolDoesNotSleep",
        pool("pods", "0 2x120") | pool("queued", "0x120") | pool("running", "0 1 0x120"), 94, 98,
    ),
]  # fmt: skip

WELL = [
    # A hand-over, a cold start, a flood that comes to its end, users' mistakes, a paused pool, Spot.
    {
        f'silver_guardian_leader{{{HERE},pod="a"}}': "1x60 0x60",
        f'silver_guardian_leader{{{HERE},pod="b"}}': "0x60 1x60",
    },
    pool("queued", "5x4 0x120") | pool("running", "0x3 5x117") | pool("pods", "0x3 1x40 0x80"),
    pool("queued", "50-2x25 0x95") | pool("running", "5x120"),
    # An operator that has just started, beside a pool in its cooldown.
    pool("pods", "2x60 0x60") | pool("queued", "0x120") | pool("running", "0x120"),
    pool("queued", "5x120") | pool("running", "0x120") | pool("paused", "1x120"),
    {
        f'silver_guardian_requests_finished_total{{{HERE},verdict="None",reason="UnsupportedMedia"}}': "0+5x120",
        f"silver_guardian_requests_finished_total{{{HERE},{DONE}}}": "0+5x120",
    },
    {f'silver_guardian_attempts_total{{{AUDIO},outcome="PodLost"}}': "0x30 8x90"},
    {f"silver_guardian_clock_difference_seconds{{{HERE}}}": "-2x120"},
    # Another installation's trouble is not ours.
    {f"silver_guardian_leader{{{HERE}}}": "1x120", 'silver_guardian_leader{namespace="others"}': "1x120"},
]


def agrees(folder: Path, rules: list[dict[str, Any]], tests: list[dict[str, Any]]) -> None:
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": rules}))
    (folder / "tests.yml").write_text(
        yaml.safe_dump({"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests})
    )
    run(program("promtool"), "check", "rules", folder / "rules.yml")
    run(program("promtool"), "test", "rules", folder / "tests.yml")


def series(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"series": name, "values": text} for name, text in values.items()]


def groups(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = only(rendered(folder, ON), "PrometheusRule")["spec"]["groups"]
    return found


def expected(case: Case, summary: str) -> dict[str, Any]:
    told = summary.replace("{{ $labels.analyzer }}", case.labels.get("analyzer", ""))
    return {
        "exp_labels": {"severity": case.severity, **case.labels},
        "exp_annotations": {
            "summary": told.replace("{{ $value | humanizePercentage }}", case.value),
            "runbook_url": f"https://example.org/operate#{case.alert.lower()}",
        },
    }


def test_each_alert_fires_when_it_should_and_not_before(tmp_path: Path) -> None:
    rules = groups(tmp_path)
    summaries = {rule["alert"]: rule["annotations"]["summary"] for group in rules for rule in group["rules"]}
    assert sorted(case.alert for case in CASES) == sorted(summaries)
    tests = [
        {
            "name": case.alert,
            "interval": "1m",
            "input_series": series(case.series),
            "alert_rule_test": [
                {"eval_time": f"{case.not_yet}m", "alertname": case.alert, "exp_alerts": []},
                {
                    "eval_time": f"{case.fires}m",
                    "alertname": case.alert,
                    "exp_alerts": [expected(case, summaries[case.alert])],
                },
            ],
        }
        for case in CASES
    ]
    agrees(tmp_path, rules, tests)


def test_no_alert_fires_where_all_is_well(tmp_path: Path) -> None:
    rules = groups(tmp_path)
    names = [rule["alert"] for group in rules for rule in group["rules"]]
    leads = {f"silver_guardian_leader{{{HERE}}}": "1x120"}
    tests = [
        {
            "interval": "1m",
            "input_series": series((leads if not any("leader" in name for name in values) else {}) | values),
            "alert_rule_test": [
                {"eval_time": f"{minute}m", "alertname": name, "exp_alerts": []}
                for name in names
                for minute in (1, 5, 20, 40, 61, 100)
            ],
        }
        for values in WELL
    ]
    agrees(tmp_path, rules, tests)
