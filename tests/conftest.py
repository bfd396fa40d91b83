"""What every test shares."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import nullcontext

import pytest
import structlog
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.support.seats import seat

# Where a failure stops a submission, the same examples are tried each time; new ones are looked for at the desk.
# No example has a deadline: how long one takes says how busy the machine is.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("desk", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

_CLUSTER_TESTS = "tests/e2e/"
_WAITING = ("tests/integration/operator/", _CLUSTER_TESTS)
_ORDER = (_CLUSTER_TESTS, "tests/integration/operator/", "tests/integration/", "tests/unit/")
"""With several processes, what takes longest begins first, and the many short files fill the rest."""


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """There is one cluster, so its tests go one after the other in one process. All others go by file."""

    def _split_scope(self, nodeid: str) -> str:
        return "cluster" if nodeid.startswith(_CLUSTER_TESTS) else nodeid.partition("::")[0]


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Undo what a command that a test ran has set up for logs: it writes to an output that is closed by then."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.hookimpl(wrapper=True, tryfirst=True)  # before the time limit of a test begins
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let no more tests compute at a time than there are processors."""
    with nullcontext() if item.nodeid.startswith(_WAITING) else seat():
        return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return Scheduling(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collect no garbage until every module is imported, nor ever look at those again: all of it stays to the end.

    Each process of a test run imports everything; looking through it again and again takes a quarter of that.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if twice := [name for name, count in Counter(item.nodeid for item in items).items() if count > 1]:
        raise pytest.UsageError(f"several processes would run only the first test of each of these ids: {twice}")
    if os.environ.get("PYTEST_XDIST_WORKER"):
        items.sort(key=lambda item: next(turn for turn, place in enumerate(_ORDER) if item.nodeid.startswith(place)))
