"""What kubectl is told where a shell completes words behind `kubectl guardian`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import yaml

from analysis_operator.cli.app import app
from analysis_operator.cli.cluster import names
from analysis_operator.cli.cluster.connection import Target
from analysis_operator.cli.cluster.errors import NotAllowed
from analysis_operator.cli.completing import answer

THERE = {
    "analysisrequests": ["call-1", "call-2", "mum"],
    "analysisbatches": ["november"],
    "analyzers": ["audio", "own", "video"],
    "namespaces": ["bank", "default"],
}


class Listing:
    """A cluster with names in it, in which one stays unanswered and one may not be listed."""

    target: Target

    async def names(self, kind: str) -> AsyncGenerator[str]:
        if self.target.namespace == "forbidden":
            raise NotAllowed("You may not do this here.")
        for name in THERE[kind]:
            yield name
        if self.target.namespace == "slow":
            await asyncio.sleep(60)

    async def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def cluster(monkeypatch: pytest.MonkeyPatch) -> Listing:
    listing = Listing()

    async def connect(target: Target) -> Listing:
        listing.target = target
        return listing

    monkeypatch.setattr(names, "connect", connect)
    monkeypatch.setattr(names, "_SECONDS", 0.05)
    return listing


def completed(*words: str) -> list[str]:
    """Return what is offered, and the number that ends it, without descriptions."""
    return [line.partition("\t")[0] for line in answer(app, words).splitlines()]


def test_commands_and_options_with_a_line_for_each() -> None:
    assert {"submit", "list", "why", "analyze", "models"} < set(completed(""))
    assert completed("su") == ["submit", "suspend", ":4"]
    assert completed("models", "import") == ["import", "import-speech", ":4"]
    assert completed("list", "--s") == ["--state", "--sort", ":4"]
    assert answer(app, ["list", "--state"]).splitlines()[0].endswith("or a reason such as Queued.")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("why", ""), ["call-1", "call-2", "mum"]),
        (("logs", "--follow", "ca"), ["call-1", "call-2"]),
        (("batch", ""), ["november"]),
        (("list", "-n", "b"), ["bank"]),
        (("why", "--system-namespace", "d"), ["default"]),
        (("submit", "a b's.wav", "--analyzers", "video,"), ["video,audio", "video,own"]),
        (("list", "--verdict", "S"), ["Suspicious"]),
        (("list", "--verdict=S"), ["Suspicious"]),
        (("list", "--state", "w"), ["waiting"]),
        (("list", "--sort", ""), ["age", "score", "name"]),
    ],
)
def test_names_that_are_there_and_values(words: tuple[str, ...], offered: list[str]) -> None:
    assert completed(*words) == [*offered, ":4"]


def test_it_asks_where_the_options_say(cluster: Listing, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "config"
    contexts = [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in ("test", "real")]
    clusters, users = [{"name": "c", "cluster": {"server": "https://c"}}], [{"name": "u", "user": {}}]
    kubeconfig.write_text(
        yaml.safe_dump({"contexts": contexts, "current-context": "test", "clusters": clusters, "users": users})
    )
    options = ("--kubeconfig", str(kubeconfig), "--context", "real", "-n", "bank", "--system-namespace", "guardian")
    completed("why", *options, "")
    assert cluster.target == Target("bank", "real", kubeconfig, "guardian")
    assert completed("why", "--kubeconfig", str(kubeconfig), "--context", "r") == ["real", ":4"]


def test_where_nothing_is_known_the_shell_offers_files_and_nobody_waits() -> None:
    assert completed("submit", "") == [":0"]
    assert completed("why", "-n", "forbidden", "") == [":0"]
    assert completed("submit", "-n", "forbidden", "--analyzers", "") == ["audio", "video", "context", ":4"]
    assert completed("why", "-n", "slow", "m") == ["mum", ":4"]
    assert completed("nope", "--none", "'\"") == [":0"]
    assert "_TYPER_COMPLETE_ARGS" not in os.environ
