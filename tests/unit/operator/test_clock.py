"""The operator's clock beside the API server's: what one answer with a ``Date`` tells, and what follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from kubernetes.aio.client import ApiClient, Configuration
from structlog.testing import capture_logs

from analysis_operator.clock import CheckedClock
from analysis_operator.kube.client import KubeApi

TRUE = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)


class Machine:
    """A machine whose clock is `off` by some time."""

    def __init__(self, off: timedelta = timedelta(0)) -> None:
        self.off = off
        self.passed = 1000.0
        self.clock = CheckedClock(lambda: TRUE + timedelta(seconds=self.passed) + self.off, lambda: self.passed)

    @property
    def true(self) -> datetime:
        return TRUE + timedelta(seconds=self.passed)

    def call(self, *, server: timedelta = timedelta(0), seconds: float = 0.0, written: float = 0.5) -> None:
        """Make a call of this length whose answer is written after this share of it, by a server that is off."""
        sent = self.clock.sent()
        self.passed += seconds * written
        date = format_datetime((self.true + server).replace(microsecond=0), usegmt=True)
        self.passed += seconds * (1 - written)
        self.clock.heard(date, sent)


ROWS: list[tuple[str, timedelta, float, float, timedelta, bool]] = [
    ("right", timedelta(0), 0.01, 0.5, timedelta(0), False),
    ("cut to seconds", timedelta(seconds=0.9), 0.01, 0.5, timedelta(0), False),
    ("a slow answer that was written at once", timedelta(0), 15, 0.0, timedelta(0), False),
    ("a slow answer that was written late", timedelta(0), 15, 1.0, timedelta(0), False),
    ("a minute ahead", timedelta(minutes=1), 0, 0.5, timedelta(minutes=1) - SECOND, False),
    ("six minutes behind", -timedelta(minutes=6), 0, 0.5, -timedelta(minutes=6), True),
    ("an hour ahead", HOUR, 0, 0.5, HOUR - SECOND, True),
    ("a day behind", -DAY, 0, 0.5, -DAY, True),
    ("eight days ahead", 8 * DAY, 0, 0.5, 8 * DAY - SECOND, True),
    ("eight days ahead, a slow answer", 8 * DAY, 15, 0.0, 8 * DAY - SECOND, True),
]


@pytest.mark.parametrize(
    ("off", "seconds", "written", "difference", "doubted"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_what_one_answer_tells(
    off: timedelta, seconds: float, written: float, difference: timedelta, doubted: bool
) -> None:
    machine = Machine(off)
    machine.call(seconds=seconds, written=written)
    assert machine.clock.difference() == pytest.approx(difference, abs=timedelta(microseconds=10))
    assert machine.clock.doubted() == doubted
    assert abs(machine.clock.now() - machine.true) <= timedelta(minutes=1, seconds=16)


@pytest.mark.parametrize("off", [-DAY, HOUR, 8 * DAY], ids=str)
def test_a_clock_that_is_set_while_it_works_is_noticed_before_the_next_answer(off: timedelta) -> None:
    machine = Machine()
    machine.call()
    before = machine.clock.now()
    machine.off = off
    machine.passed += 10
    assert machine.clock.doubted()
    assert abs(machine.clock.now() - before - 10 * SECOND) <= SECOND, "time goes on as if nobody had set it"


def test_it_is_told_once_and_trusted_again_after_a_minute_in_which_all_answers_agreed() -> None:
    machine = Machine()
    with capture_logs() as logs:
        for server in (timedelta(0), HOUR, timedelta(0), HOUR, timedelta(0)):  # one of several servers is wrong
            machine.call(server=server)
            machine.passed += 2
        assert machine.clock.doubted()
        assert [line["log_level"] for line in logs] == ["error"]
        machine.passed += 60
        machine.call()
        assert not machine.clock.doubted()
    assert [line["log_level"] for line in logs] == ["error", "info"]


@pytest.mark.parametrize("date", [None, "", "yesterday", "Sun, 01 Nov 2026 12:00:00 -0000"])
def test_an_answer_without_a_date_tells_nothing(date: str | None) -> None:
    machine = Machine(HOUR)
    machine.clock.heard(date, machine.clock.sent())
    assert not machine.clock.doubted()
    assert machine.clock.now() == machine.true + HOUR


async def an_hour_behind(_: web.Request) -> web.Response:
    return web.json_response({}, headers={"Date": format_datetime(datetime.now(UTC) - HOUR, usegmt=True)})


async def test_every_answer_of_the_api_server_is_compared() -> None:
    server = web.Application()
    server.router.add_get("/{path:.*}", an_hour_behind)
    async with TestServer(server) as serving:
        configuration = Configuration(host=str(serving.make_url("")).rstrip("/"))
        async with ApiClient(configuration) as client:
            api = KubeApi(client)
            assert not api.clock.doubted()
            await api.fenced(lambda: False).call("GET", "api")
            assert api.clock.doubted()
            assert abs(api.clock.difference() - HOUR) < 2 * SECOND
