"""Two operators and one Lease: one works, the other stands by; whatever happens to the first, nothing is done twice."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.support.kubernetes.apiserver import ApiServer
from tests.support.kubernetes.proxy import Proxy
from tests.support.operator.process import NAMESPACE, OperatorProcess, until
from tests.support.operator.verdicts import VerdictWatch
from tests.support.operator.world import DEPLOYMENT, World, deploy
from tests.support.waiting import Stopwatch

pytestmark = pytest.mark.integration

LEASE = DEPLOYMENT
TAKEN_OVER_SECONDS = 15


@contextmanager
def standby(world: World, folder: Path) -> Iterator[OperatorProcess]:
    """Start a second operator, which stands by."""
    second = OperatorProcess(world.server, folder, lease=LEASE, identity="second")
    second.start()  # that is, it calls itself ready
    try:
        yield second
    finally:
        second.stop()


def watching(server: ApiServer, folder: Path) -> VerdictWatch:
    return VerdictWatch(server.kubectl_path, server.kubeconfig, folder / "watch")


def written_once(world: World, watch: VerdictWatch, names: list[str], uri: str) -> bool:
    """Ask for one more, and return whether each verdict before its own is in one version."""
    world.ask("last", uri)
    until(lambda: watch.written()["last"], "the watch to have delivered everything before")
    return {name: watch.written()[name] for name in names} == dict.fromkeys(names, 1)


def runs(world: World, name: str) -> int:
    """Return how often pods began the analysis of a request and brought it to an end."""
    uid = world.server.read.get("analysisrequest", name, "default")["metadata"]["uid"]
    return sum(f"{uid}.scripted" in line and "analysis ended" in line for line in world.pods.log().splitlines())


def test_the_leader_is_killed_while_requests_queue_and_run_and_the_other_goes_on(
    make_world: Callable[..., World], tmp_path: Path
) -> None:
    world = make_world(pods=2, lease=LEASE, identity="first")
    uri = world.put("short", seconds=0.5)
    with standby(world, tmp_path) as second, watching(world.server, tmp_path) as watch:
        until(world.operator.leads, "the first to lead")
        assert not second.leads()
        names = world.ask_many("shared", 12, uri)
        until(watch.written, "a first verdict")
        world.operator.stop(signal.SIGKILL)
        stopwatch = Stopwatch()
        until(second.leads, "the other to take over")
        before = len(watch.written())
        until(lambda: len(watch.written()) > before, "it to go on")
        assert stopwatch.seconds < TAKEN_OVER_SECONDS
        for name in names:
            assert world.wait(name)["verdict"] == "NoEvidence"
        assert written_once(world, watch, names, uri)


def test_a_leader_that_is_sent_away_hands_over_at_once(make_world: Callable[..., World], tmp_path: Path) -> None:
    world = make_world(lease=LEASE, identity="first")
    with standby(world, tmp_path) as second:
        world.ask("handed-over", world.put("two", seconds=2))
        world.until_running("handed-over")
        assert world.operator.stop(signal.SIGTERM) == 0
        assert "the Lease is given back" in world.operator.log()
        stopwatch = Stopwatch()
        until(second.leads, "the other to take over")
        assert stopwatch.seconds <= 5
        status = world.wait("handed-over")
        assert status["verdict"] == "NoEvidence"
        assert (status["analyses"][0]["attempts"], status["analyses"][0]["disruptions"]) == (1, 1)
        assert runs(world, "handed-over") == 1, "the pod went on meanwhile"
        lease = world.server.read.get("lease", LEASE, NAMESPACE)["spec"]
        assert lease["holderIdentity"] == "second"


def test_once_their_deployment_is_deleted_none_of_them_makes_the_lease_again(
    make_world: Callable[..., World], tmp_path: Path
) -> None:
    world = make_world(pods=0, lease=LEASE, identity="first")
    with standby(world, tmp_path) as second:
        until(world.operator.leads, "the first to lead")
        (owner,) = world.server.read.get("lease", LEASE, NAMESPACE)["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"]) == ("Deployment", DEPLOYMENT)
        try:
            for kind in ("deployment", "lease"):  # as the garbage collector does, before the pods have ended
                world.server.kubectl("delete", kind, LEASE, "-n", NAMESPACE)

            def made() -> bool:
                return world.server.read.find("lease", LEASE, NAMESPACE) is not None

            def refused() -> bool:
                return all("deployments" in operator.log() for operator in (world.operator, second))

            until(lambda: made() or refused(), "each to have looked for the Deployment")
            assert not made()
            assert not world.operator.leads()
            assert not second.leads()
        finally:
            deploy(world.server)
        until(lambda: world.operator.leads() or second.leads(), "one of them to lead again")


def test_one_that_stands_by_goes_away_without_a_word(make_world: Callable[..., World], tmp_path: Path) -> None:
    world = make_world(pods=0, lease=LEASE, identity="first")
    with standby(world, tmp_path) as second:
        assert second.get("/healthz")[0] == 200
        assert second.stop(signal.SIGTERM) == 0
    until(world.operator.leads, "the first to lead")


def test_a_leader_that_loses_the_api_server_ends_its_work_before_another_begins(
    make_world: Callable[..., World], api_server: ApiServer, tmp_path: Path
) -> None:
    with Proxy(api_server.port) as proxy:
        config = yaml.safe_load(api_server.operator_kubeconfig.read_text())
        config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{proxy.port}"
        (tmp_path / "proxied").write_text(yaml.safe_dump(config))
        world = make_world(lease=LEASE, identity="first", kubeconfig=tmp_path / "proxied")
        with standby(world, tmp_path) as second:
            until(world.operator.leads, "the first to lead")
            world.ask("torn", world.put("twenty", seconds=20))
            world.until_running("torn")
            proxy.cut()

            def ended() -> bool:
                led = second.leads()
                stopped = "starts again" in world.operator.log()
                assert stopped or not led, "the other waits until the first has surely ended"
                return stopped

            stopwatch = Stopwatch()
            until(ended, "the first to end")
            assert stopwatch.seconds <= TAKEN_OVER_SECONDS
            stopwatch = Stopwatch()
            until(second.leads, "the other to take over")
            assert stopwatch.seconds <= TAKEN_OVER_SECONDS
            assert world.wait("torn")["verdict"] == "NoEvidence"
            assert runs(world, "torn") == 1, "the pod went on meanwhile"
            until(lambda: world.operator.get("/healthz")[0] == 200, "the first to stand by, without a restart")
            assert not world.operator.leads()


def test_a_leader_that_was_suspended_writes_nothing_beside_the_next_one(
    make_world: Callable[..., World], tmp_path: Path
) -> None:
    world = make_world(pods=2, lease=LEASE, identity="first")
    uri = world.put("second", seconds=1)
    with standby(world, tmp_path) as second, watching(world.server, tmp_path) as watch:
        names = world.ask_many("frozen", 8, uri)
        until(watch.written, "a first verdict")
        first = world.operator.process
        assert first is not None
        first.send_signal(signal.SIGSTOP)
        try:
            until(second.leads, "the other to take over")
            for name in names:
                assert world.wait(name)["verdict"] == "NoEvidence"
        finally:
            first.send_signal(signal.SIGCONT)
        until(lambda: "starts again" in world.operator.log(), "the first to see that it leads no more")
        assert written_once(world, watch, names, uri)
        assert world.wait("last")["verdict"] == "NoEvidence"
