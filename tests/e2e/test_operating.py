"""The chart upgraded while requests run, and the documentation's own commands, run as they stand there."""

from __future__ import annotations

from pathlib import Path

from tests.cluster import Cluster
from tests.cluster.packages import client_tools_folder
from tests.cluster.shell import wait_until
from tests.e2e.conftest import VALUES, Media
from tests.support.analyzers.ask import Requests
from tests.support.operator.deployment import TARGETS, Deployment, install
from tests.support.operator.verdicts import VerdictWatch
from tests.support.web.documents import blocks, run_block


def test_an_upgrade_while_requests_run_loses_none_and_writes_no_verdict_twice(
    requests: Requests, media: Media, deployment: Deployment, scripted: str, tmp_path: Path
) -> None:
    cluster, s3 = deployment.cluster, deployment.s3
    uri, before = media.script("three", seconds=3), deployment.operator_pods()
    assert len(before) == 2
    kubectl = str(client_tools_folder() / "kubectl")
    with VerdictWatch(kubectl, cluster.kubeconfig, tmp_path / "watch") as watch:
        names = requests.ask_many("upgraded", 20, uri, scripted)
        wait_until(lambda: bool(watch.written()), "a first verdict")
        values = {**VALUES, "operator": {**VALUES["operator"], "logLevel": "DEBUG"}}
        install(cluster, s3, values=values, images=cluster.build_images(TARGETS))
        assert not set(deployment.operator_pods()) & set(before)
        for name in names:
            assert requests.wait(name)["verdict"] == "NoEvidence"
        requests.verdict_of("after", uri, scripted)
        wait_until(lambda: watch.written()["after"] > 0, "the watch to have delivered everything before")
        assert {name: watch.written()[name] for name in names} == dict.fromkeys(names, 1)


def test_every_command_in_the_documentation_works(
    requests: Requests, media: Media, cluster: Cluster, deployment: Deployment
) -> None:
    assert deployment.namespace == "silver-guardian"
    media.put("calls/2026-11-01.wav", media.samples["genuine.wav"])
    output = ""
    for page in ("quickstart.md", "operate.md", "upgrade.md"):
        commands = blocks(page)
        assert commands, page
        output += "".join(run_block(code, client_tools_folder(), cluster.kubeconfig) for code in commands)
    assert "NoEvidence" in output
    assert "silver_guardian_leader" in output
    assert requests.status("first")["verdict"] == "NoEvidence"
    deployment.wait_until_ready()
