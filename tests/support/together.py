"""Tests that wait at the same time.

Those marked ``together("NAME")`` begin when the first of them comes, a few at a time, each in a thread of its own;
every test then takes its own outcome. They share the fixtures of their package, and nothing that one of them does may
disturb another.

A conftest.py imports :func:`begin_together` and :func:`pytest_pyfunc_call`; the tests of its folder are the group.
"""

from __future__ import annotations

import inspect
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeGuard

import pytest

_AT_A_TIME = 4
"""Each has pods of its own; with more at once they would all only start more slowly."""

_OUTCOMES = pytest.StashKey[dict[str, Future[None]]]()


@pytest.fixture(autouse=True)
def begin_together(request: pytest.FixtureRequest) -> None:
    """Before the first test of a group, begin them all."""
    marker = request.node.get_closest_marker("together")
    outcomes = request.config.stash.setdefault(_OUTCOMES, {})
    if marker is None or request.node.nodeid in outcomes:
        return
    group = [(item, _arguments(item, request)) for item in request.session.items if _is_of(item, marker)]
    threads = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix=str(marker.args[0]))
    for item, arguments in group:
        outcomes[item.nodeid] = threads.submit(item.obj, **arguments)
    threads.shutdown(wait=False)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Take the outcome of a test that runs already."""
    outcome = pyfuncitem.config.stash.get(_OUTCOMES, {}).pop(pyfuncitem.nodeid, None)
    if outcome is None:
        return None
    outcome.result()
    return True


def _is_of(item: pytest.Item, marker: pytest.Mark) -> TypeGuard[pytest.Function]:
    own = item.get_closest_marker("together")
    return isinstance(item, pytest.Function) and own is not None and own.args == marker.args


def _arguments(item: pytest.Function, request: pytest.FixtureRequest) -> dict[str, object]:
    """Return what a test is called with: its parameters, and fixtures that the first test of the group can have too."""
    given = item.callspec.params if hasattr(item, "callspec") else {}
    names = inspect.signature(item.obj).parameters
    return {name: given[name] if name in given else request.getfixturevalue(name) for name in names}
