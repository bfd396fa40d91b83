"""Earlier results are adopted instead of analysing the same object again, over a bucket in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analysis_operator.api import API_VERSION, AnalysisRequest, AnalysisState, ConditionType, PinnedSource
from analysis_operator.cache.entry import Earlier
from analysis_operator.cache.store import VerdictCache
from analysis_operator.callbacks.kube_tokens import SpecTokens
from analysis_operator.callbacks.sender import CallbackSender
from analysis_operator.local.memory_store import MemoryRequests
from analysis_operator.records.sink import NoSink
from analysis_operator.report.ports import Report
from analysis_operator.report.store import StoreError
from analysis_operator.requests.actions import Enqueue, LookUp
from analysis_operator.requests.controller import RequestController
from analysis_operator.requests.dispatcher import Dispatcher
from analysis_operator.requests.observation import Observation, Policy
from analysis_operator.requests.plan import plan
from analysis_operator.requests.ports import Endpoint
from analyzer_contract import (
    AnalysisJob,
    Failure,
    FailureKind,
    FailureReason,
    Outcome,
    Progress,
    SourceFacts,
    Unchanged,
    Verdict,
)
from analyzer_kit.fingerprint import unchanged
from tests.support.operator.cached import FINGERPRINT, MAX_AGE, RESULTS, Bucket, place, report, said
from tests.support.operator.machines import Machines
from tests.support.operator.requests import EVERYTHING, FACTS, NOW, failure, observed, request, run
from tests.support.waiting import PATIENCE_SECONDS, until

EARLIER = Earlier("first", "uid-0", NOW, FINGERPRINT, said(report("uid-0"), place("first", "uid-0")))
SHA256 = "c" * 64
CHECKED = SourceFacts(etag="e9", size_bytes=1000, sha256=SHA256)
BY_CONTENT = replace(EARLIER, sha256=SHA256)


# ---- decisions


def asked(**more: Any) -> Observation:
    found: dict[str, Any] = {"earlier": {}} | more
    made = observed(found.pop("request", request()), runs=found.pop("runs", None))
    return Observation(made.request, made.pools, made.runs, None, made.policy, **found)


def pinned(etag: str) -> AnalysisRequest:
    source = PinnedSource(etag=etag, size_bytes=1000).model_dump(by_alias=True)
    return request({"source": source})


FAILED_ONCE = request({"analyses": [{"name": "audio", "state": "Pending", "attempts": 1}]})
BEGINS = [
    ("nothing is adopted", asked(earlier=None), Enqueue("audio", None)),
    ("it was not looked up", asked(), LookUp("audio")),
    ("there is none", asked(earlier={"audio": None}), Enqueue("audio", None)),
    ("there is one", asked(earlier={"audio": EARLIER}), Enqueue("audio", None, known=EARLIER.known)),
    (
        "one was found by its content",
        asked(earlier={"audio": BY_CONTENT}),
        Enqueue("audio", None, known=BY_CONTENT.known),
    ),
    ("an attempt failed", asked(request=FAILED_ONCE, earlier={"audio": EARLIER}), Enqueue("audio", None)),
]


@pytest.mark.parametrize(("observation", "action"), [row[1:] for row in BEGINS], ids=[row[0] for row in BEGINS])
def test_how_an_analysis_begins(observation: Observation, action: object) -> None:
    assert plan(observation, NOW).actions == (action,)


def test_a_result_about_another_state_of_the_object_is_not_asked_about() -> None:
    for etag, known in (("e1", EARLIER.known), ("e2", None)):
        (begun,) = plan(asked(request=pinned(etag), earlier={"audio": EARLIER}), NOW).actions
        assert isinstance(begun, Enqueue)
        assert begun.known == known


def test_an_equal_request_waits_and_says_for_whom() -> None:
    decided = plan(asked(ahead={"audio": "first"}), NOW)
    assert decided.actions == ()
    condition = decided.status.condition(ConditionType.SUCCEEDED)
    assert condition is not None
    assert (condition.reason, "the same object for first" in condition.message) == ("Queued", True)


UNCHANGED = Unchanged(source=FACTS, fingerprint=FINGERPRINT)


def test_what_is_unchanged_gets_the_earlier_result_and_says_so() -> None:
    status = plan(asked(earlier={"audio": EARLIER}, runs={"audio": run(UNCHANGED)}), NOW).status
    (entry,) = status.analyses
    assert (entry.state, entry.verdict, entry.score, entry.attempts) == ("Succeeded", "Suspicious", 70, 0)
    assert entry.cached
    assert entry.cached_from is not None
    assert (entry.cached_from.name, entry.cached_from.uid) == ("first", "uid-0")
    assert (entry.result_uri, entry.result_sha256) == (EARLIER.result.result_uri, EARLIER.result.result_sha256)
    assert status.verdict is Verdict.SUSPICIOUS
    assert status.source is not None
    assert status.source.etag == "e1"
    condition = status.condition(ConditionType.SUCCEEDED)
    assert condition is not None
    assert "audio was not analysed again: the result is that of first." in condition.message


def test_a_result_of_another_object_with_the_same_content_is_about_the_one_that_was_named() -> None:
    answer = run(Unchanged(source=CHECKED, fingerprint=FINGERPRINT))
    for request_ in (request(), pinned("e9")):
        status = plan(asked(request=request_, earlier={"audio": BY_CONTENT}, runs={"audio": answer}), NOW).status
        (entry,) = status.analyses
        assert (entry.state, entry.verdict, entry.cached) == ("Succeeded", "Suspicious", True)
        assert status.source is not None
        assert status.source.etag == "e9"


@pytest.mark.parametrize(
    ("earlier", "answer"),
    [
        ({"audio": BY_CONTENT}, UNCHANGED),
        (
            {"audio": BY_CONTENT},
            UNCHANGED.model_copy(update={"source": CHECKED.model_copy(update={"sha256": "0" * 64})}),
        ),
        ({}, UNCHANGED),
        ({"audio": None}, UNCHANGED),
        ({"audio": EARLIER}, UNCHANGED.model_copy(update={"fingerprint": "0" * 64})),
        ({"audio": EARLIER}, UNCHANGED.model_copy(update={"source": SourceFacts(etag="e2", size_bytes=1000)})),
    ],
)
def test_an_analyzer_that_was_not_asked_so_is_not_believed(earlier: Any, answer: Unchanged) -> None:
    (entry,) = plan(asked(earlier=earlier, runs={"audio": run(answer)}), NOW).status.analyses
    assert (entry.state, entry.reason, entry.attempts) == (AnalysisState.PENDING, "InternalError", 1)
    assert entry.verdict is None


def test_an_object_that_was_replaced_meanwhile_is_told_as_ever() -> None:
    decided = plan(asked(request=pinned("e0"), earlier={"audio": EARLIER}, runs={"audio": run(UNCHANGED)}), NOW)
    assert decided.status.analyses[0].reason == "SourceChanged"
    assert not decided.status.analyses[0].cached


# ---- the whole path


class Analyzers:
    """The Runner port: an analyzer that looks at the object, and analyses it unless it is the one that is known."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.etag, self.fingerprint = "e1", FINGERPRINT
        self.asked: list[str] = []
        self.analysed: list[str] = []
        self.failures: list[Failure] = []
        self.states_fingerprint = True
        self.contents: dict[str, str] = {}
        """The SHA-256 of each object that has one of its own; an analyzer of before knows of none."""
        self.at_once = 0
        self.permits = asyncio.Semaphore(1000)

    async def run(self, endpoint: Endpoint, job: AnalysisJob) -> AsyncGenerator[Progress | Outcome]:
        sha256 = self.contents.get(job.source.uri)
        facts = SourceFacts(etag=job.source.uri if sha256 else self.etag, size_bytes=1000)
        self.asked.append(job.id)
        yield Progress(stage="download", fraction=0, source=facts)
        if sha256 and job.source.sha256:
            if sha256 != job.source.sha256:
                yield failure(FailureKind.SOURCE, FailureReason.SOURCE_MISMATCH)
                return
            facts = facts.model_copy(update={"sha256": sha256})
        if unchanged(job, facts, self.fingerprint):
            yield Unchanged(source=facts, fingerprint=self.fingerprint)
            return
        self.at_once += 1
        await self.permits.acquire()
        self.at_once -= 1
        self.analysed.append(job.id)
        if self.failures:
            yield self.failures.pop(0)
            return
        uri = f"{job.result_prefix}audio.json"
        content = self.bucket.objects[uri] = report(job.id.split(".")[0], source=facts)
        fingerprint = self.fingerprint if self.states_fingerprint else None
        yield said(content, uri, source=facts, fingerprint=fingerprint)

    async def cancel(self, endpoint: Endpoint, job: AnalysisJob) -> None:
        """Nothing is left."""


class NoReports:
    async def write(self, *_: object) -> Report:
        return Report()


class Scene:
    def __init__(self, *, cache: bool = True) -> None:
        self.bucket = Bucket()
        self.analyzers = Analyzers(self.bucket)
        self.later = timedelta(0)
        self.api = MemoryRequests(self.clock)
        self._running: list[asyncio.Task[None]] = []
        self.start(cache=cache)

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.later

    def start(self, *, cache: bool = True) -> None:
        """Start an operator that knows nothing yet."""
        self.dispatcher = Dispatcher(self.analyzers, self.clock)
        self.controller = RequestController(
            self.api,
            self.dispatcher,
            CallbackSender(Machines(), SpecTokens(), self.clock),
            reports=NoReports(),
            sink=NoSink(),
            policy=Policy(grants=EVERYTHING, results_uri=RESULTS, retry_base_seconds=0.01),
            clock=self.clock,
            cache=VerdictCache(RESULTS, MAX_AGE, self.clock, self.bucket) if cache else None,
        )
        self.dispatcher.set_pool("audio", 4)
        self.dispatcher.set_endpoints("audio", [Endpoint("pod-0", "10.0.0.1:8000")])
        self.api.watch(self.controller.view.observe, self.controller.on_deleted)
        self._running.append(asyncio.create_task(self.controller.run()))

    async def stop(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def apply(self, *names: str, namespace: str = "default", **spec: Any) -> None:
        for name in names:
            self.api.apply(
                {
                    "apiVersion": API_VERSION,
                    "kind": "AnalysisRequest",
                    "metadata": {"name": name, "namespace": namespace},
                    "spec": {"source": {"uri": "s3://media/call.wav"}, "analyzers": ["audio"], **spec},
                }
            )

    async def ends(self, *names: str, namespace: str = "default") -> list[bool]:
        """Wait for the ends of these; return of each whether its result was adopted."""

        def found() -> list[AnalysisRequest]:
            every = [self.api.find(namespace, name) for name in names]
            return [each for each in every if each is not None and each.status.finished]

        async with asyncio.timeout(PATIENCE_SECONDS):
            await until(lambda: len(found()) == len(names))
        return [each.status.analyses[0].cached for each in found()]

    async def one(self, name: str, **spec: Any) -> bool:
        self.apply(name, **spec)
        return (await self.ends(name))[0]


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    yield made
    await made.stop()


async def test_the_same_object_is_analysed_once(scene: Scene) -> None:
    assert not await scene.one("first")
    assert await scene.one("second")
    third = scene.api.find("default", "second")
    assert third is not None
    assert third.status.analyses[0].cached_from is not None
    assert third.status.analyses[0].cached_from.name == "first"
    assert len(scene.analyzers.analysed) == 1


async def test_an_operator_that_starts_anew_finds_it_too(scene: Scene) -> None:
    await scene.one("first")
    await until(lambda: any("/.cached/" in uri for uri in scene.bucket.objects))
    await scene.stop()
    scene.start()
    assert await scene.one("second")


def model(scene: Scene) -> None:
    scene.analyzers.fingerprint = "0" * 64


def object_(scene: Scene) -> None:
    scene.analyzers.etag = "e2"


@pytest.mark.parametrize("change", [model, object_])
async def test_what_decides_has_changed_so_it_is_analysed_anew_and_then_known(
    scene: Scene, change: Callable[[Scene], None]
) -> None:
    await scene.one("first")
    change(scene)
    assert not await scene.one("second")
    assert await scene.one("third")


async def test_two_tenants_share_nothing(scene: Scene) -> None:
    await scene.one("first")
    scene.apply("first", namespace="bank")
    assert await scene.ends("first", namespace="bank") == [False]
    assert len(scene.analyzers.analysed) == 2


async def test_refresh_asks_anew_and_is_what_the_next_one_gets(scene: Scene) -> None:
    await scene.one("first")
    assert not await scene.one("second", refresh=True)
    await scene.one("third")
    third = scene.api.find("default", "third")
    assert third is not None
    assert third.status.analyses[0].cached_from is not None
    assert third.status.analyses[0].cached_from.name == "second"


async def test_a_result_that_is_too_old_is_not_adopted(scene: Scene) -> None:
    await scene.one("first")
    await until(lambda: any("/.cached/" in uri for uri in scene.bucket.objects))
    await scene.stop()
    scene.later = MAX_AGE + timedelta(minutes=1)
    scene.start()
    assert not await scene.one("second")


async def test_where_it_is_off_nothing_is_adopted_or_kept() -> None:
    scene = Scene(cache=False)
    assert not await scene.one("first")
    assert not await scene.one("second")
    assert not any("/.cached/" in uri for uri in scene.bucket.objects)
    await scene.stop()


async def test_of_a_hundred_equal_requests_at_once_one_is_analysed(scene: Scene) -> None:
    names = [f"call-{number}" for number in range(100)]
    scene.apply(*names)
    adopted = await scene.ends(*names)
    assert (sum(adopted), len(scene.analyzers.analysed)) == (99, 1)


async def test_a_hundred_equal_requests_after_a_change_are_analysed_once(scene: Scene) -> None:
    await scene.one("first")
    model(scene)
    await scene.stop()
    scene.start()
    names = [f"call-{number}" for number in range(100)]
    scene.apply(*names)
    assert sum(await scene.ends(*names)) == 99
    assert len(scene.analyzers.analysed) == 2


async def test_if_that_one_fails_the_others_run_by_themselves(scene: Scene) -> None:
    scene.analyzers.failures = [failure(FailureKind.MEDIA, FailureReason.CORRUPT_MEDIA)] * 5
    await one_then_all_slots(scene)


async def test_where_results_need_not_come_out_the_same_equal_requests_do_not_queue_up(scene: Scene) -> None:
    scene.analyzers.states_fingerprint = False
    await one_then_all_slots(scene)


async def one_then_all_slots(scene: Scene) -> None:
    """Ask five times: the others wait for the first answer, and after that for no other."""
    scene.analyzers.permits = asyncio.Semaphore(0)
    names = [f"call-{number}" for number in range(5)]
    scene.apply(*names)
    await until(lambda: scene.analyzers.at_once == 1)
    assert scene.dispatcher.backlog("audio") == (0, 1)
    scene.analyzers.permits.release()
    await until(lambda: scene.analyzers.at_once == 4)
    for _ in names:
        scene.analyzers.permits.release()
    assert await scene.ends(*names) == [False] * 5
    assert len(scene.analyzers.analysed) == 5


@pytest.mark.parametrize("how", ["delete", "suspend", "cancel"])
async def test_if_that_one_is_not_wanted_any_more_the_next_one_is_analysed(scene: Scene, how: str) -> None:
    scene.dispatcher.set_endpoints("audio", [])
    scene.apply("first")
    await until(lambda: scene.dispatcher.backlog("audio") == (1, 0))
    scene.apply("second", "third")
    await until(lambda: len(list(scene.controller.view.unfinished())) == 3)
    first = scene.api.find("default", "first")
    assert first is not None
    if how == "delete":
        await scene.api.delete(first.metadata)
    else:
        more: dict[str, Any] = {how: True}
        scene.apply("first", **more)
    scene.dispatcher.set_endpoints("audio", [Endpoint("pod-0", "10.0.0.1:8000")])
    assert sorted(await scene.ends("second", "third")) == [False, True]


async def test_while_s3_fails_everything_is_analysed(scene: Scene) -> None:
    scene.bucket.ill = StoreError("503")
    assert not await scene.one("first")
    scene.bucket.ill = None
    assert not await scene.one("second", source={"uri": "s3://media/other.wav"})


# ---- the same content as another object


def contents(scene: Scene, *names: str, sha256: str = SHA256) -> list[dict[str, Any]]:
    """Have objects of these names with one content, and return what requests name as their source."""
    uris = [f"s3://media/{name}.wav" for name in names]
    scene.analyzers.contents |= dict.fromkeys(uris, sha256)
    return [{"uri": uri, "sha256": sha256} for uri in uris]


async def test_the_same_content_under_two_keys_is_analysed_once(scene: Scene) -> None:
    for name, source in zip(("a", "b"), contents(scene, "a", "b"), strict=True):
        await scene.one(name, source=source)
    assert len(scene.analyzers.analysed) == 1
    second = scene.api.find("default", "b")
    assert second is not None
    assert second.status.analyses[0].cached_from is not None
    assert second.status.analyses[0].cached_from.name == "a"
    assert second.status.source is not None
    assert second.status.source.etag == "s3://media/b.wav", "that is the object that it is about"


async def test_an_operator_that_starts_anew_finds_it_by_its_content(scene: Scene) -> None:
    first, second = contents(scene, "a", "b")
    await scene.one("a", source=first)
    await until(lambda: sum("/.cached/" in uri for uri in scene.bucket.objects) == 2)
    await scene.stop()
    scene.start()
    assert await scene.one("b", source=second)


async def test_what_does_not_state_its_content_is_not_compared_by_it(scene: Scene) -> None:
    first, second = contents(scene, "a", "b")
    await scene.one("a", source=first)
    assert not await scene.one("b", source={"uri": second["uri"]})
    assert await scene.one("a-again", source={"uri": first["uri"]}), "by the object"
    assert await scene.one("a-checked", source=first)


async def test_an_object_that_is_not_the_stated_one_fails_for_good_and_is_not_analysed(scene: Scene) -> None:
    (first,) = contents(scene, "a")
    (other,) = contents(scene, "b", sha256="d" * 64)
    await scene.one("a", source=first)
    assert not await scene.one("b", source=other | {"sha256": SHA256})
    failed = scene.api.find("default", "b")
    assert failed is not None
    assert failed.status.verdict is None
    (entry,) = failed.status.analyses
    assert (entry.state, entry.reason, entry.attempts) == ("Failed", "SourceMismatch", 1)
    assert len(scene.analyzers.analysed) == 1


async def test_two_tenants_share_no_content(scene: Scene) -> None:
    first, second = contents(scene, "a", "b")
    await scene.one("a", source=first)
    scene.apply("b", namespace="bank", source=second)
    assert await scene.ends("b", namespace="bank") == [False]


async def test_the_same_content_is_analysed_anew_with_another_model(scene: Scene) -> None:
    first, second, third = contents(scene, "a", "b", "c")
    await scene.one("a", source=first)
    model(scene)
    assert not await scene.one("b", source=second)
    assert await scene.one("c", source=third)


async def test_of_a_hundred_equal_contents_at_once_one_is_analysed(scene: Scene) -> None:
    names = [f"call-{number}" for number in range(100)]
    for name, source in zip(names, contents(scene, *names), strict=True):
        scene.apply(name, source=source)
    adopted = await scene.ends(*names)
    assert (sum(adopted), len(scene.analyzers.analysed)) == (99, 1)


async def test_an_analyzer_that_checks_no_content_analyses_each_object_and_nobody_queues_up(scene: Scene) -> None:
    scene.analyzers.permits = asyncio.Semaphore(0)
    names = [f"call-{number}" for number in range(5)]
    for name in names:
        scene.apply(name, source={"uri": f"s3://media/{name}.wav", "sha256": SHA256})
    await until(lambda: scene.analyzers.at_once == 1)
    scene.analyzers.permits.release()
    await until(lambda: scene.analyzers.at_once == 4)
    for _ in names:
        scene.analyzers.permits.release()
    assert await scene.ends(*names) == [False] * 5
