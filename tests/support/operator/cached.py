"""Results that are kept for later requests, for tests: a bucket in memory, and what analyzers and entries say."""

from __future__ import annotations

import hashlib
import time
from datetime import timedelta
from typing import Any

from analysis_operator.cache.entry import Entry, Question, entry_for
from analysis_operator.report.store import ObjectStore, StoreError
from analyzer_contract import AnalysisReport, DetectorReport, Finding, MediaFacts, ModelCard, Result, Verdict
from tests.support.operator.requests import FACTS, NOW, request

RESULTS = "s3://results"
MAX_AGE = timedelta(days=7)
FINGERPRINT = "f" * 64
ASKED = request()
QUESTION = Question.of(ASKED, "audio")


class Bucket(ObjectStore):
    """Objects in memory; ``ill`` is what every call meets, and ``pause`` how long a read takes."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.ill: StoreError | None = None
        self.pause = 0.0
        self.reads = 0

    def get(self, uri: str, limit: int) -> bytes:
        self.reads += 1
        time.sleep(self.pause)
        if self.ill:
            raise self.ill
        if uri not in self.objects or len(self.objects[uri]) > limit:
            raise StoreError(uri, unusable=True)
        return self.objects[uri]

    def put(self, uri: str, body: bytes, content_type: str) -> None:
        if self.ill:
            raise self.ill
        self.objects[uri] = body


def report(uid: str = "uid-1", **more: Any) -> bytes:
    """Return a whole result, as an analyzer leaves it."""
    finding = Finding(kind="Splice", start_seconds=1, end_seconds=2, score=70)
    detector = DetectorReport(name="D", score=70, findings=[finding], model=ModelCard(id="m", version="1"))
    about = {"id": f"{uid}.audio", "analyzer": "audio", "source": FACTS, "media": MediaFacts(), "detectors": [detector]}
    said = {"verdict": Verdict.SUSPICIOUS, "score": 70, "summary": "A splice."}
    return AnalysisReport.model_validate(about | said | more).model_dump_json(by_alias=True).encode()


def place(name: str = "call", uid: str = "uid-1", namespace: str = "default") -> str:
    """Return where a request's result is."""
    return f"{RESULTS}/{namespace}/{name}/{uid}/audio.json"


def said(content: bytes, uri: str, **more: Any) -> Result:
    """Return what an analyzer says last that left this result there."""
    about = {"result_uri": uri, "result_sha256": hashlib.sha256(content).hexdigest(), "fingerprint": FINGERPRINT}
    spoken = {"verdict": Verdict.SUSPICIOUS, "score": 70, "summary": "A splice.", "source": FACTS, "seconds": 1}
    return Result.model_validate(about | spoken | more)


def entry(**changes: Any) -> Entry:
    """Return the entry of that result."""
    made = entry_for(QUESTION, ASKED, said(report(), place()), NOW)
    assert made is not None
    return made.model_copy(update=changes)
