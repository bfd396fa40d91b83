"""``guardian cost`` against a real API server: what an Analyzer's status has counted is what it shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from analysis_operator.cli.app import app
from tests.support.kubernetes.apiserver import ApiServer
from tests.support.operator.process import API

pytestmark = pytest.mark.integration

NAMESPACE = "cost"
DAY = 86_400


@pytest.fixture(scope="module")
def server(api_server: ApiServer) -> Iterator[ApiServer]:
    api_server.kubectl("create", "namespace", NAMESPACE)
    yield api_server
    api_server.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


@pytest.fixture(autouse=True)
def no_analyzers(server: ApiServer) -> Iterator[None]:
    yield
    server.kubectl("delete", "analyzers", "--all", "-n", NAMESPACE)


def analyzer(server: ApiServer, name: str, *, days: float, **usage: int) -> None:
    """Make a pool that was counted for some days, until now."""
    meta = {"name": name, "namespace": NAMESPACE}
    server.apply({"apiVersion": API, "kind": "Analyzer", "metadata": meta, "spec": {"image": "any:1"}})
    if days:
        now = datetime.now(UTC)
        since = now - timedelta(days=days)
        usage_status: dict[str, Any] = {"since": since.isoformat(), "until": now.isoformat(), **usage}
        patch = json.dumps({"status": {"usage": usage_status}})
        server.kubectl(
            "patch", "analyzer", name, "-n", NAMESPACE, "--subresource=status", "--type=merge", "-p", patch
        )  # fmt: skip


def guardian(server: ApiServer, *arguments: str, kubeconfig: Path | None = None, columns: int = 80) -> Result:
    where = ["--kubeconfig", str(kubeconfig or server.kubeconfig), "--namespace", NAMESPACE]
    return CliRunner().invoke(app, ["cost", *where, *arguments], env={"COLUMNS": str(columns)})


def two_pools(server: ApiServer) -> None:
    used = {"podSeconds": 10 * DAY, "busySeconds": 5 * DAY, "nodeSeconds": 5 * DAY, "starts": 30}
    analyzer(server, "audio", days=30, **used)
    analyzer(server, "video", days=30, podSeconds=5 * DAY, busySeconds=DAY, nodeSeconds=5 * DAY)


def test_what_pools_used_and_what_a_month_of_it_costs_is_shown(server: ApiServer) -> None:
    two_pools(server)
    result = guardian(server)
    assert result.exit_code == 0, result.stderr
    rows = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines() if line[:1].isalpha()}
    assert rows["audio"] == ["720.00", "240.00", "50%", "120.00", "5.00", "30", "6.25"]
    assert rows["video"] == ["720.00", "120.00", "20%", "120.00", "0.00", "0", "6.00"]
    assert rows["sum"] == ["720.00", "360.00", "40%", "240.00", "5.00", "30", "12.25"]
    (counted,) = (line for line in result.stdout.splitlines() if "as counted here" in line)
    assert counted.split()[-2:] == ["12.25", "90%"]
    assert max(len(line) for line in result.stdout.splitlines()) <= 80


def test_machines_read_the_same_as_json(server: ApiServer) -> None:
    two_pools(server)
    report = json.loads(guardian(server, "--output", "json", "--node-tail-minutes", "0").stdout)
    assert [(pool["name"], pool["perMonth"], pool["workedShare"]) for pool in report["pools"]] == [
        ("audio", 6.0, 0.5),
        ("video", 6.0, 0.2),
    ]
    assert report["sum"]["nodeHours"] == 240
    assert [row["perMonth"] for row in report["oneNode"]] == [122.4, 36.0, 6.0, 12.0]
    assert report["notes"] == []


def test_too_short_a_history_and_pools_that_were_not_counted_are_said(server: ApiServer) -> None:
    analyzer(server, "audio", days=1 / 48, nodeSeconds=600)
    analyzer(server, "video", days=0)
    output = " ".join(guardian(server).stdout.split())
    assert "video: no usage was counted yet." in output
    assert "audio: observed for only 30 minutes." in output


def test_no_analyzers_and_no_usage_end_with_a_sentence(server: ApiServer) -> None:
    result = guardian(server)
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: There are no Analyzers in namespace cost: name another one with --namespace.\n",
    )
    analyzer(server, "audio", days=0)
    result = guardian(server)
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: No usage was counted yet in namespace cost: check that the operator runs there.\n",
    )


@pytest.mark.parametrize(("user", "error"), [({}, "403 analyzers"), ({"token": "wrong"}, "401 Unauthorized")])
def test_without_rights_it_ends_with_a_sentence(
    server: ApiServer, tmp_path: Path, user: dict[str, str], error: str
) -> None:
    kubeconfig = yaml.safe_load(server.kubeconfig.read_text())
    kubeconfig["users"][0]["user"] = user
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(kubeconfig))
    result = guardian(server, kubeconfig=path)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The Analyzers cannot be read: ")
    assert error in result.stderr
    assert result.stderr.count("\n") == 1
