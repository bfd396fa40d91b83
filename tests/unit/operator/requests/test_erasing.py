"""Erasing an analysis: everything of it, nothing of others, and again what was written while it went."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from analysis_operator.api import AnalysisErasure
from analysis_operator.local.memory_store import MemoryErasures, MemoryRequests
from analysis_operator.records.sink import NotErased
from analysis_operator.report.store import StoreError
from analysis_operator.requests.actions import Notify
from analysis_operator.requests.erasing import SETTLE_SECONDS, Eraser, Scope
from analyzer_contract import AnalysisReport, MediaFacts, SourceFacts, TranscriptObject, Verdict

SCOPE = Scope("s3://results/here", "s3://media/uploads", "s3://results/transcripts/")
UPLOAD = "s3://media/uploads/kim/call.wav"
KEPT = "s3://results/transcripts/guardian-1.json"


class Bucket:
    """Objects in memory."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.away = False

    def get(self, uri: str, limit: int) -> bytes:
        if self.away or uri not in self.objects:
            raise StoreError(f"{uri} could not be read")
        return self.objects[uri][:limit]

    def delete(self, uri: str) -> None:
        if self.away:
            raise StoreError(f"{uri} could not be deleted")
        self.objects.pop(uri, None)


class Rows(set[tuple[str, str]]):
    """Records in memory."""

    away = False

    async def erase(self, namespace: str, uid: str) -> None:
        if self.away:
            raise NotErased("the database does not answer")
        self.discard((namespace, uid))


class Told(MemoryErasures):
    """Erasures whose events are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []

    def notify(self, erasure: AnalysisErasure, event: Notify) -> None:
        self.events.append(event.reason)


class Scene:
    """One request that has ended, with all that it left behind, in the namespace kim."""

    def __init__(self, source: str = UPLOAD, transcript: str = KEPT) -> None:
        self.requests = MemoryRequests(lambda: datetime(2026, 11, 28, tzinfo=UTC))
        self.erasures, self.bucket, self.rows = Told(), Bucket(), Rows()
        self.eraser = Eraser(self.erasures, self.requests, self.bucket, self.rows, SCOPE)
        spec = {"source": {"uri": source}, "analyzers": ["audio", "context"]}
        kind = {"apiVersion": "silverguardian.io/v1alpha1", "kind": "AnalysisRequest", "spec": spec}
        made = [
            self.requests.apply(kind | {"metadata": {"name": name, "namespace": "kim"}}) for name in ("call", "next")
        ]
        self.uid, self.other = [request.metadata.uid for request in made]
        self.rows.update({("kim", self.uid), ("kim", self.other)})
        self.left = {source, transcript, *self.results("call", self.uid)}
        self.others = {"s3://media/uploads/lee/call.wav", *self.results("next", self.other)}
        self.bucket.objects = dict.fromkeys(self.left | self.others, b"")
        self.write_result(transcript)

    def results(self, name: str, uid: str) -> set[str]:
        files = ("audio.json", "audio.png", "context.json", "context.png", "report.html")
        return {f"s3://results/here/kim/{name}/{uid}/{file}" for file in files}

    def write_result(self, transcript: str) -> None:
        report = AnalysisReport(
            id=f"{self.uid}.context",
            analyzer="context",
            source=SourceFacts(etag="e", size_bytes=1),
            media=MediaFacts(),
            verdict=Verdict.INCONCLUSIVE,
            score=0,
            summary="",
            detectors=[],
            transcript_source=TranscriptObject(uri=transcript),
        )
        uri = f"s3://results/here/kim/call/{self.uid}/context.json"
        self.bucket.objects[uri] = report.model_dump_json(by_alias=True, exclude_none=True).encode()

    def ask(self, namespace: str = "kim", **spec: Any) -> None:
        body = {"name": "call", "uid": self.uid, "analyzers": ["audio", "context"], **spec}
        self.erasures.apply({"metadata": {"name": self.uid, "namespace": namespace}, "spec": body})

    async def waits(self) -> int:
        return len(await self.erasures.list())


async def test_everything_of_one_analysis_goes_and_nothing_of_others() -> None:
    scene = Scene()
    scene.ask()
    await scene.eraser.look(0)
    assert set(scene.bucket.objects) == scene.others
    assert scene.rows == {("kim", scene.other)}
    assert [request.metadata.name for request in scene.requests.list()] == ["next"]


async def test_what_is_written_while_it_goes_is_erased_before_the_erasure_is_done() -> None:
    scene = Scene()
    scene.ask()
    await scene.eraser.look(0)
    scene.bucket.objects |= dict.fromkeys(scene.results("call", scene.uid), b"late")
    scene.rows.add(("kim", scene.uid))
    await scene.eraser.look(SETTLE_SECONDS - 1)
    assert await scene.waits() == 1
    await scene.eraser.look(SETTLE_SECONDS)
    assert set(scene.bucket.objects) == scene.others
    assert scene.rows == {("kim", scene.other)}
    assert await scene.waits() == 0


async def test_an_analysis_whose_request_is_long_gone_is_erased_by_what_the_erasure_says() -> None:
    scene = Scene()
    request = scene.requests.find("kim", "call")
    assert request is not None
    await scene.requests.delete(request.metadata)
    scene.ask(sourceURI=UPLOAD)
    await scene.eraser.look(0)
    assert set(scene.bucket.objects) == scene.others


@pytest.mark.parametrize(
    ("source", "transcript"),
    [
        ("s3://media/uploads/lee/call.wav", KEPT),
        ("s3://archive/kim/call.wav", KEPT),
        ("s3://media/uploads/kim/../lee/call.wav", KEPT),
        ("s3://media/uploads/kimberly/call.wav", KEPT),
        (UPLOAD, "s3://media/uploads/lee/call.wav"),
        (UPLOAD, "s3://results/here/kim/next/report.html"),
        (UPLOAD, "s3://results/transcripts/../here/x.json"),
    ],
)
async def test_what_was_not_uploaded_through_us_and_what_no_analyzer_keeps_stays(source: str, transcript: str) -> None:
    scene = Scene()
    scene.bucket.objects |= dict.fromkeys((source, transcript), b"of somebody else")
    scene.write_result(transcript)
    scene.ask(sourceURI=source)
    await scene.eraser.look(0)
    kept = {uri for uri in (source, transcript) if uri not in {UPLOAD, KEPT}}
    assert kept <= set(scene.bucket.objects)


async def test_an_erasure_of_another_namespace_finds_nothing() -> None:
    scene = Scene()
    before = set(scene.bucket.objects)
    scene.ask("lee", sourceURI=UPLOAD)
    await scene.eraser.look(0)
    assert set(scene.bucket.objects) == before
    assert scene.rows == {("kim", scene.uid), ("kim", scene.other)}
    assert len(scene.requests.list()) == 2


async def test_thousands_of_one_namespace_do_not_hold_up_another() -> None:
    scene = Scene()
    for number in range(150):
        uid = f"00000000-0000-0000-0000-{number:012}"
        spec = {"name": "none", "uid": uid}
        scene.erasures.apply({"metadata": {"name": uid, "namespace": "flood"}, "spec": spec})
    scene.ask()
    await scene.eraser.look(0)
    assert set(scene.bucket.objects) == scene.others


@pytest.mark.parametrize("what", ["bucket", "rows"])
async def test_what_does_not_answer_is_asked_again_and_said(what: str) -> None:
    scene = Scene()
    scene.ask()
    getattr(scene, what).away = True
    for now in (0, 10, 30):
        await scene.eraser.look(now)
    assert scene.erasures.events == ["NotErased", "NotErased"]
    getattr(scene, what).away = False
    for later in (60, 60 + SETTLE_SECONDS):
        await scene.eraser.look(later)
    assert await scene.waits() == 0
    # An upload whose request went before S3 failed is known by nobody any more: it goes before the request.
    assert set(scene.bucket.objects) == scene.others


@pytest.mark.parametrize("name", ["../lee/call", "a/b", "", "UPPER"])
def test_a_name_leads_nowhere_else(name: str) -> None:
    with pytest.raises(ValueError, match="name an AnalysisRequest"):
        AnalysisErasure.model_validate({"metadata": {"name": "x"}, "spec": {"name": name, "uid": "0" * 8}})
