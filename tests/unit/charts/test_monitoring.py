"""What the chart brings for Prometheus and Grafana: off unless asked for, and about metrics that really exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

import analysis_operator.metrics
from analysis_operator.errors import Reason
from analyzer_contract import FailureReason
from analyzer_kit.metrics import Metrics
from tests.cluster.paths import repo_root
from tests.support.chart import Manifest, only, rendered

ON = {
    "monitoring": {
        "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "alerts": {"enabled": True, "runbookURL": "https://example.org/operate"},
        "dashboard": {"enabled": True},
    }
}
CRITICAL = {"SilverGuardianNoLeader", "SilverGuardianTwoLeaders", "SilverGuardianWorkIsStuck"}


def known() -> set[str]:
    """Return every series that the operator and an analyzer serve."""
    assert analysis_operator.metrics.FINISHED
    analyzer = Metrics("audio", 1)
    analyzer.ended("NoEvidence", 1.0)
    families = [*REGISTRY.collect(), *text_string_to_metric_families(analyzer.render()[0].decode())]
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
    return {family.name + end for family in families for end in suffixes.get(family.type, ("",))}


def selectors(node: promql_parser.Expr) -> Iterator[Any]:
    """Return every selector in an expression."""
    for name in ("lhs", "rhs", "expr", "vector_selector"):
        if (inner := getattr(node, name, None)) is not None:
            yield from selectors(inner)
    for argument in getattr(node, "args", None) or ():
        yield from selectors(argument)
    if isinstance(node, promql_parser.VectorSelector):
        yield node


def rules(tmp_path: Path, values: Manifest | None = None) -> dict[str, Manifest]:
    (group,) = only(rendered(tmp_path, {**ON, **(values or {})}), "PrometheusRule")["spec"]["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def test_nothing_of_it_is_there_unless_asked_for(tmp_path: Path) -> None:
    kinds = {manifest["kind"] for manifest in rendered(tmp_path)}
    assert not kinds & {"ServiceMonitor", "PrometheusRule", "ConfigMap"}


def test_the_operator_and_every_analyzer_are_scraped(tmp_path: Path) -> None:
    manifests = rendered(tmp_path, ON)
    operator, analyzers = (manifest for manifest in manifests if manifest["kind"] == "ServiceMonitor")
    service = only(manifests, "Service")
    assert operator["metadata"]["labels"]["release"] == "prometheus"
    assert operator["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert operator["spec"]["endpoints"][0]["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert analyzers["spec"]["selector"]["matchExpressions"] == [
        {"key": "silverguardian.io/analyzer", "operator": "Exists"}
    ]
    (policy,) = [manifest for manifest in manifests if manifest["metadata"]["name"].endswith("-metrics")]
    (rule,) = policy["spec"]["ingress"]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    assert {8000, 8001} <= {entry["port"] for entry in rule["ports"]}


def test_every_alert_asks_for_metrics_that_exist_in_its_own_namespace(tmp_path: Path) -> None:
    for name, rule in rules(tmp_path).items():
        queried = list(selectors(promql_parser.parse(rule["expr"])))
        assert queried, name
        for selector in queried:
            assert selector.name in known(), name
            assert 'namespace="guardians"' in str(selector), name


def test_the_reasons_that_count_as_failures_are_reasons(tmp_path: Path) -> None:
    (named,) = re.findall(r'reason=~"([^"]+)"', rules(tmp_path)["SilverGuardianRequestsFail"]["expr"])
    assert set(named.split("|")) <= {*Reason, *FailureReason}


def test_every_alert_says_what_it_means_and_the_page_has_its_section(tmp_path: Path) -> None:
    page = (repo_root() / "docs" / "operate.md").read_text()
    sections = {title.lower() for title in re.findall(r"^#+ (SilverGuardian\w+)$", page, re.MULTILINE)}
    alerts = rules(tmp_path)
    for rule in alerts.values():
        assert rule["annotations"]["summary"]
        address, anchor = rule["annotations"]["runbook_url"].split("#")
        assert (address, anchor) == ("https://example.org/operate", rule["alert"].lower())
    assert sections == {name.lower() for name in alerts}
    assert {name for name, rule in alerts.items() if rule["labels"]["severity"] == "critical"} == CRITICAL


@pytest.mark.parametrize(
    ("analyzers", "asleep"),
    [
        ({"video": {"enabled": False}}, "audio"),
        ({"video": {"scaling": {"minReplicas": 1}}}, "audio"),
        ({"video": {"replicas": 2}}, "audio"),
        ({"audio": {"replicas": 1}, "video": {"replicas": 1}}, None),
    ],
)
def test_only_a_pool_that_ought_to_sleep_has_an_alert(tmp_path: Path, analyzers: Manifest, asleep: str | None) -> None:
    values = {"analyzers": {"context": {"enabled": False, "image": {"repository": "c"}, "port": 8002}, **analyzers}}
    alert = rules(tmp_path, values).get("SilverGuardianPoolDoesNotSleep")
    assert (re.findall(r'analyzer=~"([^"]+)"', alert["expr"]) if alert else [None]) == [asleep]


def test_the_dashboard_asks_for_metrics_that_exist(tmp_path: Path) -> None:
    config = only(rendered(tmp_path, ON), "ConfigMap")
    assert config["metadata"]["labels"]["grafana_dashboard"] == "1"
    dashboard = json.loads(config["data"]["silver-guardian.json"])
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(expressions) >= len(dashboard["panels"])
    for expression in expressions:
        query = expression.replace("$__rate_interval", "5m")
        assert {selector.name for selector in selectors(promql_parser.parse(query))} <= known(), expression


def test_no_panel_of_the_dashboard_lies_on_another() -> None:
    path = repo_root() / "charts" / "silver-guardian" / "dashboards" / "silver-guardian.json"
    places = [panel["gridPos"] for panel in json.loads(path.read_text())["panels"]]
    taken = [
        (column, row)
        for place in places
        for column in range(place["x"], place["x"] + place["w"])
        for row in range(place["y"], place["y"] + place["h"])
    ]
    assert max(column for column, _ in taken) < 24
    assert len(taken) == len(set(taken))
