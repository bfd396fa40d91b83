"""Following an object of a cluster to its end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from analysis_operator.cli.cluster import following
from analysis_operator.cli.cluster.errors import NoCluster, TooLate
from analysis_operator.cli.cluster.following import followed
from analysis_operator.kube.objects import KubeObject

HINT = "kubectl guardian why call"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_POLL_SECONDS", 0.0)


async def test_it_is_shown_until_it_has_ended_and_an_outage_is_waited_for() -> None:
    answers: Iterator[KubeObject | None] = iter([{"step": 1}, None, {"step": 2}])
    shown: list[KubeObject] = []

    async def read() -> KubeObject:
        if (answer := next(answers)) is None:
            raise NoCluster("away")
        return answer

    def show(raw: KubeObject) -> bool:
        shown.append(raw)
        return bool(raw["step"] == 2)

    assert await followed("call", read, show, timeout=None, hint=HINT) == {"step": 2}
    assert shown == [{"step": 1}, {"step": 2}]


async def test_one_that_does_not_end_in_time_goes_on_and_is_named() -> None:
    async def read() -> KubeObject:
        return {}

    with pytest.raises(TooLate) as error:
        await followed("call", read, lambda _: False, timeout=0.01, hint=HINT)
    assert str(error.value) == f"call has not ended within 0.01 s; it goes on. {HINT}"


async def test_a_cluster_that_stays_away_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_OUTAGE_SECONDS", 0.0)

    async def read() -> KubeObject:
        raise NoCluster("away")

    with pytest.raises(NoCluster):
        await followed("call", read, lambda _: True, timeout=None, hint=HINT)
