"""What is kept of a result for later requests, and when it is believed. Pure.

An entry points to a result; the verdict is read from the result itself, whose SHA-256 the entry has. Where that lies is
not taken from the entry, but follows from its names.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from analysis_operator.api import AnalysisRequest
from analysis_operator.reading import read_report
from analysis_operator.report.places import results_folder
from analyzer_contract import (
    AnalysisReport,
    Fingerprint,
    Known,
    KnownContent,
    Result,
    Sha256,
    SourceFacts,
    Unchanged,
    camel,
)
from analyzer_contract.evidence import strongest_evidence

ENTRY_LIMIT = 16 * 1024
_APART = timedelta(minutes=5)
"""An entry that is further ahead of the clock is of no known age."""

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")]
_Uid = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$")]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one analyzer: for whom, and about what.

    That is an object, as a request names it, or a content, whichever object has it: then there is a ``sha256``, and no
    address.
    """

    namespace: str
    uri: str
    version_id: str | None
    analyzer: str
    sha256: str | None = None

    @classmethod
    def of(cls, request: AnalysisRequest, analyzer: str) -> Question:
        """Return the question about the object that a request asks an analyzer."""
        source = request.spec.source
        return cls(request.metadata.namespace, source.uri, source.version_id, analyzer)

    @classmethod
    def all_of(cls, request: AnalysisRequest, analyzer: str) -> tuple[Question, ...]:
        """Return this question, and the one about its content, if the request states that."""
        about_object, sha256 = cls.of(request, analyzer), request.spec.source.sha256
        if sha256 is None:
            return (about_object,)
        return about_object, cls(request.metadata.namespace, "", None, analyzer, sha256)

    @property
    def digest(self) -> str:
        """What stands for it: names of recordings can say who is in them."""
        about = ("sha256", self.sha256) if self.sha256 else (self.uri, self.version_id or "")
        return hashlib.sha256("\0".join((*about, self.analyzer)).encode()).hexdigest()

    def entry_uri(self, results_uri: str) -> str:
        """Return where its entry is. No analyzer may write there: their rights are for <analyzer>.json and .png."""
        return f"{results_uri.rstrip('/')}/{self.namespace}/.cached/{self.digest}.json"


class Entry(BaseModel):
    """The last result for one question: how it came about, and in whose folder it lies."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=camel, populate_by_name=True)

    schema_version: Literal["v1"] = "v1"
    namespace: str
    analyzer: str
    question: Sha256
    request: _Name
    uid: _Uid
    ended_at: AwareDatetime
    source: SourceFacts
    fingerprint: Fingerprint
    result_sha256: Sha256 = Field(alias="resultSHA256")

    def result_uri(self, results_uri: str) -> str:
        """Return where the result is, by the names of its request."""
        return f"{results_folder(results_uri, self.namespace, self.request, self.uid)}{self.analyzer}.json"


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier result of the same analyzer: of which request, when, and what it said.

    ``sha256``: it was found by its content, which has this one. It may be that of another object.
    """

    request: str
    uid: str
    ended_at: datetime
    fingerprint: str
    result: Result
    sha256: str | None = None

    @property
    def known(self) -> Known | KnownContent:
        """What an analyzer needs to say whether it would be the same again."""
        if self.sha256:
            return KnownContent(sha256=self.sha256, fingerprint=self.fingerprint)
        source = self.result.source
        return Known(etag=source.etag, version_id=source.version_id, fingerprint=self.fingerprint)

    def is_meant_by(self, same: Unchanged) -> bool:
        """Return whether this is the result that an analyzer says would be the same again."""
        if same.fingerprint != self.fingerprint:
            return False
        if self.sha256:
            return same.source.sha256 == self.sha256
        checked = {"sha256": None}  # whether the content was checked does not tell objects apart
        return same.source.model_copy(update=checked) == self.result.source.model_copy(update=checked)


def entry_for(question: Question, request: AnalysisRequest, result: Result, ended_at: datetime) -> Entry | None:
    """Return the entry of a result; None if it need not come out the same again, is not kept, or answers another one.

    Only an analyzer that has checked it says which content the object has.
    """
    if result.fingerprint is None or result.result_sha256 is None:
        return None
    if question.sha256 and question.sha256 != result.source.sha256:
        return None
    return Entry(
        namespace=question.namespace,
        analyzer=question.analyzer,
        question=question.digest,
        request=request.metadata.name,
        uid=request.metadata.uid,
        ended_at=ended_at,
        source=result.source,
        fingerprint=result.fingerprint,
        result_sha256=result.result_sha256,
    )


def read_entry(content: bytes, question: Question, now: datetime, max_age: timedelta) -> Entry | None:
    """Return an entry that answers this question and is young enough; None for anything else that lies there."""
    try:
        entry = Entry.model_validate_json(content)
    except ValidationError:
        return None
    if (entry.namespace, entry.analyzer, entry.question) != (question.namespace, question.analyzer, question.digest):
        return None
    return entry if now - max_age <= entry.ended_at <= now + _APART else None


def earlier_of(entry: Entry, content: bytes, result_uri: str, sha256: str | None = None) -> Earlier | None:
    """Return the result that an entry points to; None if what lies there is not that result any more.

    ``sha256``: of the content by which it was found.
    """
    if hashlib.sha256(content).hexdigest() != entry.result_sha256:
        return None
    try:
        report = read_report(content)
    except ValidationError:
        return None
    whose = (report.id, report.analyzer, report.source)
    if whose != (f"{entry.uid}.{entry.analyzer}", entry.analyzer, entry.source):
        return None
    result = _result(entry, report, result_uri)
    return Earlier(entry.request, entry.uid, entry.ended_at, entry.fingerprint, result, sha256)


def _result(entry: Entry, report: AnalysisReport, result_uri: str) -> Result:
    return Result(
        verdict=report.verdict,
        score=report.score,
        summary=report.summary,
        examined_share=report.examined_share,
        unexamined=report.unexamined,
        findings=strongest_evidence(report.detectors),
        source=entry.source,
        result_uri=result_uri,
        result_sha256=entry.result_sha256,
        fingerprint=entry.fingerprint,
        seconds=0,
    )
