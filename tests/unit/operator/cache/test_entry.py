"""What is kept of a result, and when it is believed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from analysis_operator.cache.entry import ENTRY_LIMIT, Question, earlier_of, entry_for, read_entry
from analyzer_contract import Known, KnownContent, SourceFacts, Unchanged, Verdict
from tests.support.operator.cached import ASKED, FINGERPRINT, MAX_AGE, QUESTION, RESULTS, entry, place, report, said
from tests.support.operator.requests import FACTS, NOW, request

SHA256 = "c" * 64
CHECKED = FACTS.model_copy(update={"sha256": SHA256})


def written(**changes: Any) -> bytes:
    return entry(**changes).model_dump_json(by_alias=True, exclude_none=True).encode()


def test_an_entry_is_read_as_it_was_written_and_fits_its_limit() -> None:
    assert read_entry(written(), QUESTION, NOW, MAX_AGE) == entry()
    facts = SourceFacts(etag="e" * 256, version_id="v" * 1024, size_bytes=2**53)
    assert len(entry(request="n" * 253, source=facts).model_dump_json(by_alias=True)) < ENTRY_LIMIT
    assert b"call.wav" not in written(), "names of recordings can say who is in them"


def changed(**fields: Any) -> bytes:
    return json.dumps(json.loads(written()) | fields).encode()


IGNORED = [
    ("no JSON", b"\x00\xff"),
    ("nothing", b""),
    ("a list", b"[]"),
    ("of another schema", changed(schemaVersion="v2")),
    ("with a field that is not known", changed(verdict="NoEvidence")),
    ("of another namespace", changed(namespace="bank")),
    ("of another object", changed(question="0" * 64)),
    ("of another analyzer", changed(analyzer="video")),
    ("that leads elsewhere by a name", changed(request="../../bank/call")),
    ("that leads elsewhere by a UID", changed(uid="..")),
    ("with an address of its own", changed(resultURI="s3://evil/audio.json")),
    ("without a checksum", changed(resultSHA256="")),
    ("of no time", changed(endedAt="2026-11-01T12:00:00")),
    ("too old", changed(endedAt=(NOW - MAX_AGE - timedelta(seconds=1)).isoformat())),
    ("of the future", changed(endedAt=(NOW + timedelta(hours=1)).isoformat())),
    ("deep", b"[" * 10_000),
]


@pytest.mark.parametrize("content", [row[1] for row in IGNORED], ids=[row[0] for row in IGNORED])
def test_anything_else_that_lies_there_is_ignored(content: bytes) -> None:
    assert read_entry(content, QUESTION, NOW, MAX_AGE) is None


def test_the_verdict_is_read_from_the_result() -> None:
    earlier = earlier_of(entry(), report(), place())
    assert earlier is not None
    assert (earlier.request, earlier.uid, earlier.ended_at) == ("call", "uid-1", NOW)
    result = earlier.result
    assert (result.verdict, result.score, result.summary) == (Verdict.SUSPICIOUS, 70, "A splice.")
    assert [finding.kind for finding in result.findings] == ["Splice"]
    assert (result.result_uri, result.fingerprint) == (place(), FINGERPRINT)
    assert earlier.known == Known(etag="e1", fingerprint=FINGERPRINT)


OTHER_RESULTS: list[tuple[str, bytes, dict[str, str] | None]] = [
    ("changed since", report(score=10), {}),
    ("of another request", report("uid-2"), None),
    ("of another analyzer", report(analyzer="video"), None),
    ("about another object", report(source=SourceFacts(etag="e2", size_bytes=1000)), None),
    ("that breaks the contract", b"{}", None),
]


@pytest.mark.parametrize(("content", "sums"), [row[1:] for row in OTHER_RESULTS], ids=[row[0] for row in OTHER_RESULTS])
def test_a_result_that_is_not_the_one_is_not_adopted(content: bytes, sums: dict[str, str] | None) -> None:
    if sums is None:  # its checksum fits: only what it says does not
        sums = {"result_sha256": said(content, place()).result_sha256 or ""}
    assert earlier_of(entry(**sums), content, place()) is None


def test_results_that_need_not_come_out_the_same_or_are_not_kept_have_no_entry() -> None:
    assert entry_for(QUESTION, ASKED, said(report(), place(), fingerprint=None), NOW) is None
    assert entry_for(QUESTION, ASKED, said(report(), place(), result_sha256=None), NOW) is None


def test_each_question_has_a_place_of_its_own_that_no_analyzer_may_write_to() -> None:
    others = [
        Question.of(request(namespace="bank"), "audio"),
        Question.of(ASKED, "video"),
        replace(QUESTION, version_id="v1"),
        replace(QUESTION, uri="s3://media/call.wav2"),
        replace(QUESTION, uri="s3://media/call.wav\0v1"),
        replace(QUESTION, uri="", sha256=SHA256),
        replace(QUESTION, uri="", sha256="0" * 64),
        replace(QUESTION, uri="", sha256=SHA256, analyzer="video"),
        replace(QUESTION, uri="", sha256=SHA256, namespace="bank"),
    ]
    places = {question.entry_uri(f"{RESULTS}/") for question in (QUESTION, *others)}
    assert len(places) == len(others) + 1
    assert QUESTION.entry_uri(RESULTS).startswith("s3://results/default/.cached/")
    assert not any(uri.endswith(("/audio.json", "/video.json")) for uri in places)


def test_a_request_that_states_its_content_asks_about_that_too() -> None:
    stated = request(source={"uri": "s3://media/call.wav", "sha256": SHA256})
    assert Question.all_of(ASKED, "audio") == (QUESTION,)
    assert Question.all_of(stated, "audio") == (QUESTION, Question("default", "", None, "audio", SHA256))


def test_a_result_has_an_entry_by_its_content_only_if_the_analyzer_has_checked_that() -> None:
    by_content = replace(QUESTION, uri="", sha256=SHA256)
    for facts, kept in ((FACTS, False), (FACTS.model_copy(update={"sha256": "0" * 64}), False), (CHECKED, True)):
        made = entry_for(by_content, ASKED, said(report(), place(), source=facts), NOW)
        assert (made is not None) == kept


def test_what_was_found_by_its_content_is_asked_about_by_its_content() -> None:
    content = report(source=CHECKED)
    made = entry(source=CHECKED, result_sha256=said(content, place()).result_sha256)
    earlier = earlier_of(made, content, place(), SHA256)
    assert earlier is not None
    assert earlier.known == KnownContent(sha256=SHA256, fingerprint=FINGERPRINT)


MEANT = [
    ("the object", None, FACTS, FINGERPRINT, True),
    ("the object, whose content was checked", None, CHECKED, FINGERPRINT, True),
    ("another object", None, SourceFacts(etag="e2", size_bytes=1000), FINGERPRINT, False),
    ("another object with the content", SHA256, CHECKED.model_copy(update={"etag": "e2"}), FINGERPRINT, True),
    ("an object with a content that nobody checked", SHA256, FACTS, FINGERPRINT, False),
    ("another content", SHA256, CHECKED.model_copy(update={"sha256": "0" * 64}), FINGERPRINT, False),
    ("another model", SHA256, CHECKED, "0" * 64, False),
]


@pytest.mark.parametrize(
    ("found_by", "source", "fingerprint", "meant"), [row[1:] for row in MEANT], ids=[row[0] for row in MEANT]
)
def test_which_result_an_analyzer_calls_unchanged(
    found_by: str | None, source: SourceFacts, fingerprint: str, meant: bool
) -> None:
    earlier = earlier_of(entry(), report(), place(), found_by)
    assert earlier is not None
    assert earlier.is_meant_by(Unchanged(source=source, fingerprint=fingerprint)) == meant
