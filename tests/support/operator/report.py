"""What a report is made of, for tests: a request, its status, a result, a store in memory, and a page's elements."""

from __future__ import annotations

import struct
import zlib
from html.parser import HTMLParser

from analysis_operator.api import AnalysisRequest, AnalysisState, AnalysisStatus, PinnedSource, RequestStatus
from analysis_operator.report.store import ObjectStore, StoreError
from analysis_operator.report.writer import S3ReportWriter
from analyzer_contract import AnalysisReport, DetectorReport, Finding, MediaFacts, ModelCard, SourceFacts, Verdict

UID = "0f1e2d3c-0000-4000-8000-000000000001"
PREFIX = f"s3://results/default/call/{UID}/"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202e\x00"


def png(width: int = 1, height: int = 1) -> bytes:
    """Return a PNG image of this size, as far as its header says."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def request(name: str = "call") -> AnalysisRequest:
    """Return the request that a report is about."""
    return AnalysisRequest.model_validate(
        {
            "metadata": {"name": name, "uid": UID, "creationTimestamp": "2026-11-23T10:00:00Z"},
            "spec": {"source": {"uri": "s3://media/call.wav"}},
        }
    )


def entry(name: str = "audio", **changes: object) -> AnalysisStatus:
    """Return an analysis that succeeded, with these changes."""
    found = AnalysisStatus(
        name=name,
        state=AnalysisState.SUCCEEDED,
        verdict=Verdict.SUSPICIOUS,
        score=71,
        message="A repeated stretch.",
        result_uri=f"{PREFIX}{name}.json",
    )
    return found.model_copy(update=changes)


def status(*entries: AnalysisStatus, verdict: Verdict | None = Verdict.SUSPICIOUS) -> RequestStatus:
    """Return the status of a request with these analyses."""
    source = PinnedSource(etag='"abc"', size_bytes=123_456)
    return RequestStatus(verdict=verdict, score=71, analyses=list(entries), source=source)


def result(name: str = "audio", text: str = "A plain sentence.", findings: int = 1) -> AnalysisReport:
    """Return what an analyzer wrote, with one text wherever one fits."""
    found = [
        Finding(kind="RepeatedAudio", start_seconds=61.04 + index, end_seconds=63, score=71, message=text[:300])
        for index in range(findings)
    ]
    detector = DetectorReport(
        name=text[:60],
        score=71,
        reference_percentile=99.5,
        findings=found,
        limitations=[text],
        model=ModelCard(id=text[:100], version=text[:50], sha256="a" * 64, eval_card=text[:300]),
    )
    return AnalysisReport(
        id=f"{UID}.{name}",
        analyzer=name,
        source=SourceFacts(etag='"abc"', size_bytes=123_456),
        media=MediaFacts(container=text, codec=text, duration_seconds=120),
        verdict=Verdict.SUSPICIOUS,
        score=71,
        summary=text[:500],
        detectors=[detector],
    )


class FakeStore(ObjectStore):
    """Objects in a dict."""

    def __init__(self, objects: dict[str, bytes], broken: Exception | None = None) -> None:
        super().__init__()
        self.objects = objects
        self.read: list[str] = []
        self.types: dict[str, str] = {}
        self.broken = broken

    def get(self, uri: str, limit: int) -> bytes:
        self.read.append(uri)
        if uri not in self.objects:
            raise StoreError(f"{uri} could not be read: NoSuchKey")
        if len(self.objects[uri]) > limit:
            raise StoreError(f"{uri} is larger than {limit} bytes")
        return self.objects[uri]

    def put(self, uri: str, body: bytes, content_type: str) -> None:
        if self.broken:
            raise self.broken
        self.objects[uri] = body
        self.types[uri] = content_type


class Tags(HTMLParser):
    """Collects every element and attribute that a browser would see."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def results(name: str = "audio", **changes: object) -> dict[str, bytes]:
    """Return the objects that an analyzer left: its result, with these changes, and its plot."""
    body = result(name).model_copy(update=changes).model_dump_json(by_alias=True, exclude_none=True).encode()
    return {f"{PREFIX}{name}.json": body, f"{PREFIX}{name}.png": png()}


async def write(store: FakeStore, *entries: AnalysisStatus) -> tuple[str | None, str, str]:
    """Write the report; return where it is, what is wrong with it, and the page."""
    report = await S3ReportWriter(store).write(request(), status(*entries), PREFIX)
    return report.uri, report.problem, store.objects.get(f"{PREFIX}report.html", b"").decode()
