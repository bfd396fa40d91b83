"""The dashboard and the alerts, asked of a real Prometheus that scrapes a real operator and its pods.

There is no Grafana here: how the panels look is not tried.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.paths import repo_root
from tests.support.chart import only, rendered
from tests.support.collector import Collector
from tests.support.monitoring.prometheus import Prometheus
from tests.support.operator.process import NAMESPACE, until
from tests.support.operator.world import World
from tests.unit.charts.test_monitoring import ON

pytestmark = pytest.mark.integration

DASHBOARD = repo_root() / "charts" / "silver-guardian" / "dashboards" / "silver-guardian.json"


def panels() -> dict[str, list[str]]:
    """Return the queries of each panel, as Grafana would send them with its variables filled in."""

    def filled(expression: str) -> str:
        return expression.replace("$namespace", NAMESPACE).replace("$__rate_interval", "20s")

    listed = json.loads(DASHBOARD.read_text())["panels"]
    return {panel["title"]: [filled(target["expr"]) for target in panel["targets"]] for panel in listed}


def test_every_panel_shows_a_number_and_no_alert_fires_on_an_operator_that_works(
    collector: Collector, make_world: Callable[..., World], tmp_path: Path
) -> None:
    world = make_world()
    node = world.pods.add("scripted", "scripted-on-a-node", world.port, node="node-a")
    works, fails = world.put("works", seconds=0.5), world.put("fails", fail="UnsupportedMedia")
    targets = {"operator": [f"127.0.0.1:{world.operator.port}"], "scripted": world.pods.addresses()}
    (rules,) = only(rendered(tmp_path, ON, namespace=NAMESPACE), "PrometheusRule")["spec"]["groups"]
    with Prometheus(tmp_path, targets, {"namespace": NAMESPACE}, [rules]) as prometheus:

        def analysed(name: str) -> None:
            for uri in (works, fails):
                which = f"{name}-{uri.rpartition('/')[2]}"
                world.ask(which, uri, refresh=True)
                world.wait(which)

        def counted(least: int) -> bool:
            series = prometheus.query("sum(silver_guardian_requests_finished_total)")
            return bool(series) and float(series[0]["value"][1]) >= least

        analysed("first")
        until(lambda: counted(2), "the first ends to be scraped: a counter that has just come has no increase")
        analysed("second")
        until(lambda: counted(4), "the others to be scraped")
        empty: list[str] = []

        def every_panel_has_a_number() -> bool:
            empty[:] = [
                f"{title}: {query}"
                for title, queries in panels().items()
                for query in queries
                if not any(math.isfinite(float(series["value"][1])) for series in prometheus.query(query))
            ]
            return not empty

        try:
            until(every_panel_has_a_number, "a number in every panel")
        except TimeoutError:
            pytest.fail("\n".join(empty))
        (ends,) = prometheus.query(panels()["Finished in the last hour"][0])
        assert float(ends["value"][1]) > 1
        (share,) = prometheus.query(panels()["Without a verdict, of those"][0])
        assert 0.2 < float(share["value"][1]) < 0.8
        loaded = {rule["name"]: (rule["health"], rule["state"]) for rule in prometheus.rules()}
        assert len(loaded) == len(rules["rules"])
        assert {name: state for name, (health, state) in loaded.items() if (health, state) != ("ok", "inactive")} == {}
        for name in ("silver_guardian_request_duration_seconds_bucket", "guardian_analysis_seconds_bucket"):
            named = {exemplar["trace_id"] for exemplar in prometheus.exemplars(name)}
            assert named, f"no exemplar of {name}"
            assert named <= {span.trace_id for span in collector.spans}
    world.pods.kill(node)
