"""`kubectl guardian` by the real kubectl, against a real API server and S3, with the operator as a process."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from analysis_operator.cli.app import app
from analyzer_kit.content import sha256_of_file
from tests.support.aws.s3 import S3Process
from tests.support.kubernetes.apiserver import ApiServer
from tests.support.operator.process import NAMESPACE, until
from tests.support.operator.world import World
from tests.support.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.integration

KEEPS = {"results_uri": "s3://media/results"}
NO_NODE = "0/3 nodes are available: 3 Insufficient cpu."


@pytest.fixture
def environment(api_server: ApiServer, s3: S3Process, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a person's shell has: a kubeconfig, AWS credentials, and the program on PATH; the operator's S3, too."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    variables = {**s3.environment(), "KUBECONFIG": str(api_server.kubeconfig), "PATH": path, "COLUMNS": "120"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return {**os.environ, **variables}


def guardian(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def kubectl(server: ApiServer, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [server.kubectl_path, *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )


def sums(world: World, name: str, key: str) -> set[str]:
    """Return the SHA-256 that a request states, and the one that S3 has checked and states."""
    stored = world.s3.client().head_object(Bucket="media", Key=key, ChecksumMode="ENABLED")
    stated = world.server.read.get("analysisrequest", name, "default")["spec"]["source"]["sha256"]
    return {stated, base64.b64decode(stored["ChecksumSHA256"]).hex()}


def test_a_day_with_it(
    make_world: Callable[..., World], environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(**KEEPS)
    monkeypatch.chdir(tmp_path)
    server = world.server
    assert "kubectl-guardian" in kubectl(server, environment, "plugin", "list").stdout

    # Submit a file and wait: the exit code says the verdict, and the bytes are where --to says.
    (tmp_path / "call of mum.json").write_text(json.dumps({"verdict": "LikelyFake", "score": 98}))
    sent = kubectl(
        server, environment, "guardian", "submit", "call of mum.json", "--name", "mum", "--analyzers", "scripted",
        "--to", "s3://media/inbox/", "--wait", "--timeout", "60",
    )  # fmt: skip
    assert sent.returncode == 10, sent.stderr
    assert "mum: Likely fake, score 98 of 100" in sent.stdout
    assert "\x1b" not in sent.stdout
    assert sums(world, "mum", "inbox/mum/call-of-mum.json") == {sha256_of_file(tmp_path / "call of mum.json")}

    # kubectl completes it, with the names that the cluster has: what a shell asks for at <TAB>.
    def completed() -> str:
        return kubectl(server, environment, "__complete", "guardian", "why", "--namespace=default", "m").stdout

    # A shell is not kept waiting: where the API server does not answer within three seconds, no name is offered.
    until(lambda: completed() == "mum\n:4\n", "the name to be completed")

    # Save the report, which is the one that the status vouches for, and not another one.
    saved = guardian("report", "mum")
    assert saved.exit_code == 0, saved.stderr
    assert "as it was written" in saved.stdout
    assert "<html" in (tmp_path / "mum.html").read_text()
    report = world.status("mum")["reportURI"].removeprefix("s3://media/")
    world.s3.put("media", report, b"<html>forged")
    forged = guardian("report", "mum", "--out", "forged.html")
    assert forged.exit_code == 1
    assert "its SHA-256 is another" in forged.stderr
    assert not (tmp_path / "forged.html").exists()

    # One that waits for a pod that has no node: why says so, and what to do.
    wait_for_a_missing_pod(world)
    assert guardian("submit", "s3://media/none.wav", "--name", "stuck", "--analyzers", "stuck").exit_code == 0
    until(lambda: NO_NODE in guardian("why", "stuck").stdout, "the reason to be told")
    told = json.loads(guardian("why", "stuck", "-o", "json").stdout)
    assert told["why"].startswith("stuck waits (Scaling)")
    assert any(re.match(r"The cluster has no nodes|No node ", sentence) for sentence in told["because"])
    assert "Add a node with the pool's labels" in told["todo"][0]

    # The lists, the pools, and their filters.
    assert guardian("list", "-o", "name", "--state", "waiting").stdout == "analysisrequest.silverguardian.io/stuck\n"
    rows = [line.split() for line in guardian("list", "-A", "--sort", "name").stdout.splitlines()]
    assert [row[1:4] for row in rows[1:]] == [["mum", "LikelyFake", "98"], ["stuck", "-", "-"]]
    until(lambda: queued() == {"scripted": 0, "stuck": 1}, "the pools to be counted")
    load = top()
    assert load["queue"] == [{"namespace": "default", "waiting": 1, "running": 0}]
    assert load["lastHour"] == {"LikelyFake": 1}

    # Hold it, let it go on, and stop it; what has ended is tried again under the next name.
    assert guardian("suspend", "stuck").exit_code == 0
    until(lambda: world.reason("stuck") == "Suspended", "the request to be held")
    assert "resume stuck" in guardian("why", "stuck").stdout
    assert guardian("resume", "stuck").exit_code == 0
    assert guardian("retry", "stuck").exit_code == 1
    assert guardian("cancel", "stuck").exit_code == 0
    world.wait("stuck")
    assert guardian("cancel", "stuck").stderr == "Error: stuck has ended already (Cancelled).\n"
    assert guardian("retry", "mum", "-o", "name").stdout == "analysisrequest.silverguardian.io/mum-2\n"
    assert world.wait("mum-2")["verdict"] == "LikelyFake"
    assert world.server.read.get("analysisrequest", "mum-2")["spec"]["refresh"] is True
    assert guardian("retry", "mum-2", "-o", "name").stdout == "analysisrequest.silverguardian.io/mum-3\n"

    server.kubectl("delete", "pod", "stuck-1", "-n", NAMESPACE, "--force", "--grace-period=0")


def top() -> dict[str, Any]:
    load: dict[str, Any] = json.loads(guardian("top", "-o", "json").stdout)
    return load


def queued() -> dict[str, int]:
    return {pool["name"]: pool["queued"] for pool in top()["pools"]}


def wait_for_a_missing_pod(world: World) -> None:
    meta = {"name": "stuck", "namespace": NAMESPACE}
    spec: dict[str, Any] = {"image": "x", "replicas": 1}
    world.server.apply(
        {"apiVersion": "silverguardian.io/v1alpha1", "kind": "Analyzer", "metadata": meta, "spec": spec},
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**meta, "name": "stuck-1", "labels": {"silverguardian.io/analyzer": "stuck"}},
            "spec": {"containers": [{"name": "analyzer", "image": "x"}]},
        },
    )
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": NO_NODE}
    patch = ("--subresource=status", "--type=merge", "-p", json.dumps({"status": {"conditions": [condition]}}))
    world.server.kubectl("patch", "pod", "stuck-1", "-n", NAMESPACE, *patch)


def nobody(server: ApiServer, folder: Path) -> Path:
    """Return a kubeconfig of someone without rights."""
    config = yaml.safe_load(server.kubeconfig.read_text())
    config["users"][0]["user"] = {}
    path = folder / "nobody"
    path.write_text(yaml.safe_dump(config))
    return path


def test_what_is_wrong_is_said_in_a_sentence(
    api_server: ApiServer, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def error(*arguments: str) -> str:
        result = guardian(*arguments)
        assert result.exit_code == 1, result.output
        assert result.stderr.count("\n") == 1
        return result.stderr

    assert "There is no AnalysisRequest nope in namespace default" in error("why", "nope")
    for name in ("..", "a/b", "A", ""):
        assert "is no name of a request" in error("why", name)
    assert "There is no namespace nowhere" in error("submit", "s3://media/x.wav", "-n", "nowhere")
    assert "The cluster does not accept this" in error("submit", "s3://media/x.wav", "--analyzers", "A_b")
    assert "There is no file gone.wav" in error("submit", "gone.wav")
    (tmp_path / "x.wav").write_bytes(b"x")
    assert "name --to" in error("submit", "x.wav").lower()
    assert "there is no such bucket" in error("submit", "x.wav", "--to", "s3://missing-bucket/")
    forbidden = error("report", "x", "-n", "default", "--kubeconfig", str(nobody(api_server, tmp_path)))
    assert 'You may not do this here: analysisrequests.silverguardian.io "x" is forbidden' in forbidden
    down = tmp_path / "down"
    down.write_text(api_server.kubeconfig.read_text().replace(api_server.endpoint, "https://127.0.0.1:1"))
    assert "The cluster does not answer: Cannot connect" in error("list", "--kubeconfig", str(down))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    assert "No kubeconfig at" in error("list")
