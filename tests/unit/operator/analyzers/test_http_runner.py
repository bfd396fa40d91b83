"""Streams from pods that misbehave: whatever they send, the answer is short and the status can hold it."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema
import pytest
from aiohttp import web
from pydantic import ValidationError

from analysis_operator.analyzers.http_runner import HttpRunner
from analysis_operator.api import PinnedSource, RequestStatus
from analysis_operator.errors import Unreachable
from analysis_operator.requests.plan import plan
from analysis_operator.requests.pool import job_of
from analysis_operator.requests.ports import Endpoint
from analysis_operator.settings import Settings
from analyzer_contract import AnalysisJob, AnalysisReport, Failure, Outcome, Progress, Result, SourceObject
from guardian_service.signatures import AUTHORIZATION, PROOF, SecretFile, verified
from tests.support.connections import vanishing
from tests.support.operator.requests import NOW, observed, request, run
from tests.support.waiting import PATIENCE_SECONDS

JOB = AnalysisJob(id="uid-1.audio", source=SourceObject(uri="s3://media/call.wav"))
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

RESULT: dict[str, Any] = {
    "type": "result",
    "verdict": "Suspicious",
    "score": 90,
    "source": {"etag": "e", "sizeBytes": 1},
    "seconds": 1,
}
FINDING: dict[str, Any] = {"kind": "Loop", "startSeconds": 1, "endSeconds": 2, "score": 90}


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[Endpoint]:
    app = web.Application()
    app.add_routes([web.route("*", "/{path:.*}", handler)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield Endpoint("audio-1", f"{host}:{port}")
    finally:
        await runner.cleanup()


async def ask(endpoint: Endpoint, secrets: SecretFile | None = None) -> list[Progress | Outcome]:
    runner = HttpRunner.create(secrets)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return [event async for event in runner.run(endpoint, JOB)]
    finally:
        await runner.close()


async def test_a_refusal_whose_text_never_ends_is_not_read_to_its_end() -> None:
    sent = 0

    async def handler(asked: web.Request) -> web.StreamResponse:
        nonlocal sent
        answer = web.StreamResponse(status=500)
        await answer.prepare(asked)
        while True:
            await answer.write(b"x" * 65536)
            sent += 65536

    async with serving(handler) as endpoint:
        (failure,) = await ask(endpoint)
    assert isinstance(failure, Failure)
    assert failure.message.startswith("Pod audio-1 refused the work with HTTP 500: xxx")
    assert sent < 50_000_000


async def test_a_pod_does_not_send_the_operator_elsewhere() -> None:
    asked_for = []

    async def handler(asked: web.Request) -> web.StreamResponse:
        asked_for.append(asked.path)
        return web.Response(status=307, headers={"Location": "/latest/meta-data"})

    async with serving(handler) as endpoint:
        (failure,) = await ask(endpoint)
    assert isinstance(failure, Failure)
    assert asked_for == ["/v1/analyses"]


async def test_a_connection_to_a_pod_that_vanished_is_given_up_within_seconds() -> None:
    async def handler(asked: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(asked)
        await answer.write(b'{"type": "progress", "stage": "decode", "fraction": 0.5}\n')
        await answer.write(json.dumps(RESULT).encode() + b"\n")
        return answer

    made: list[socket.socket] = []
    runner = HttpRunner.create()
    connector = runner._session.connector
    assert isinstance(connector, aiohttp.TCPConnector)
    factory = connector._socket_factory
    assert factory is not None

    def kept(address: aiohttp.AddrInfoType) -> socket.socket:
        made.append(factory(address))
        return made[-1]

    connector._socket_factory = kept
    async with serving(handler) as endpoint, aclosing(runner.run(endpoint, JOB)) as events:
        assert [type(event) async for event in events] == [Progress, Result]
        (connection,) = made
        assert vanishing(connection) == (1, 5, 5, 3, 15_000)
        await runner.close()


async def test_an_older_pod_is_understood_and_so_is_a_newer_one() -> None:
    newer = RESULT | {"later": [1], "findings": [FINDING | {"later": 1}], "examinedShare": 0.5, "unexamined": ["Half."]}
    answers = iter([RESULT, newer])

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(body=json.dumps(next(answers)).encode() + b"\n", content_type="application/x-ndjson")

    async with serving(handler) as endpoint:
        (old,), (new,) = await ask(endpoint), await ask(endpoint)
    assert isinstance(old, Result)
    assert (old.examined_share, old.unexamined) == (None, [])
    assert isinstance(new, Result)
    assert (new.examined_share, new.unexamined, len(new.findings)) == (0.5, ["Half."], 1)


NEWER: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("a verdict", RESULT | {"verdict": "Staged"}, {"verdict": "Inconclusive", "score": 90}),
    ("a kind of finding", RESULT | {"findings": [FINDING | {"kind": "Hologram"}]}, {"verdict": "Suspicious"}),
    ("why a recording fails", {"kind": "media", "reason": "HologramMedia"}, {"kind": "media"}),
    ("why S3 fails", {"kind": "source", "reason": "SourceAsleep"}, {"reason": "SourceUnavailable"}),
    ("who is at fault", {"kind": "weather", "reason": "Rain"}, {"kind": "internal", "reason": "InternalError"}),
    ("who is at fault, for a known reason", {"kind": "weather", "reason": "OutOfMemory"}, {"reason": "OutOfMemory"}),
]


@pytest.mark.parametrize(("line", "understood"), [row[1:] for row in NEWER], ids=[row[0] for row in NEWER])
async def test_a_newer_pod_ends_no_analysis_by_what_it_says(line: dict[str, Any], understood: dict[str, Any]) -> None:
    line = line if "type" in line else {"type": "error", "message": "So it is.", "later": 1, **line}
    lines = [
        {"type": "weather", "sky": "grey"},
        {"type": "progress", "stage": "look", "fraction": 0.5, "later": 1},
        line,
    ]

    async def handler(_: web.Request) -> web.StreamResponse:
        body = "".join(f"{json.dumps(said)}\n" for said in lines).encode()
        return web.Response(body=body, content_type="application/x-ndjson")

    async with serving(handler) as endpoint:
        progress, last = await ask(endpoint)
    assert isinstance(progress, Progress)
    assert not isinstance(last, Progress)
    assert {field: getattr(last, field) for field in understood} == understood
    decided = plan(observed(request(), runs={"audio": run(last)}), NOW)
    assert decided.status.finished == (isinstance(last, Result) or (isinstance(last, Failure) and last.kind == "media"))
    if isinstance(last, Failure):
        assert line["reason"] in f"{last.reason} {last.message}", "people read the word that was said"


def test_what_is_written_has_the_published_fields_alone() -> None:
    said = job_of(request(), "audio", PinnedSource(etag="e", size_bytes=1), "s3://results/a/")
    jsonschema.validate(said.model_dump(mode="json", by_alias=True), AnalysisJob.model_json_schema(by_alias=True))
    for kind in (AnalysisJob, Progress, Result, Failure, AnalysisReport):
        schema = kind.model_json_schema(by_alias=True)
        objects = [schema, *(part for part in schema.get("$defs", {}).values() if part["type"] == "object")]
        assert all(part["additionalProperties"] is False for part in objects)


@pytest.mark.parametrize(
    "line",
    [
        json.dumps(RESULT | {"resultURI": "s3://results/" + "x" * 1200}),
        json.dumps(RESULT | {"findings": [FINDING | {"endSeconds": float("inf")}]}),
        json.dumps(RESULT | {"findings": [FINDING | {"endSeconds": 1e300}]}),
        json.dumps(RESULT | {"source": {"etag": "e", "sizeBytes": 10**30}}),
        json.dumps(RESULT | {"summary": "\0" * 500, "findings": [FINDING] * 10}),
        json.dumps({"type": "error", "kind": "internal", "reason": "InternalError", "message": "\u00e9" * 1000}),
        '{"type": "error", "kind": [], "reason": "New", "message": ""}',
        "[" * 1000,
        "no json",
    ],
    ids=[
        "a long URI",
        "no end",
        "a far end",
        "a huge object",
        "the longest words",
        "failure",
        "no kind",
        "brackets",
        "garbage",
    ],
)
async def test_whatever_a_pod_says_fits_the_status(line: str) -> None:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(body=line.encode() + b"\n", content_type="application/x-ndjson")

    async with serving(handler) as endpoint:
        (said,) = await ask(endpoint)
    assert not isinstance(said, Progress)
    ran = run(said)
    for attempts in (0, 2):
        entry = {"name": "audio", "attempts": attempts}
        decided = plan(observed(request({"analyses": [entry]}), runs={"audio": ran}), NOW)
        RequestStatus.model_validate_json(decided.status.model_dump_json(by_alias=True, exclude_none=True))
        written = decided.status.model_dump(mode="json")
        assert all(value < 2**63 for value in _integers(written)), "the API server keeps 64 bits"


def _integers(value: object) -> list[int]:
    if isinstance(value, dict):
        return [number for item in value.values() for number in _integers(item)]
    if isinstance(value, list):
        return [number for item in value for number in _integers(item)]
    return [value] if isinstance(value, int) else []


def test_a_results_folder_leaves_room_for_the_longest_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUARDIAN_RESULTS_URI", "s3://results/" + "x" * 600)
    with pytest.raises(ValidationError):
        Settings()
    monkeypatch.setenv("GUARDIAN_RESULTS_URI", "s3://results/" + "x" * 487)
    asked = request(namespace="n" * 63)
    meta = asked.metadata.model_copy(update={"name": "n" * 253, "uid": "u" * 36})
    prefix = Settings().policy().result_prefix(asked.model_copy(update={"metadata": meta}))
    AnalysisJob(id="a", source=JOB.source, result_prefix=prefix)


def _with_proof(secret: bytes) -> Handler:
    """Return an analyzer that knows a secret and takes the jobs signed with it."""

    async def handler(asked: web.Request) -> web.StreamResponse:
        body = await asked.read()
        signature = verified(asked.headers.get(AUTHORIZATION, ""), body, [secret], time.time())
        assert AnalysisJob.model_validate_json(body) == JOB
        status = 200 if signature else 401
        headers = {PROOF: signature.proof} if signature else {}
        return web.Response(status=status, headers=headers, text=json.dumps(RESULT) + "\n")

    return handler


async def test_a_pod_of_the_same_installation_gets_the_job(tmp_path: Path) -> None:
    (tmp_path / "shared").write_text("one\nanother\n")
    async with serving(_with_proof(b"one")) as endpoint:
        (result,) = await ask(endpoint, SecretFile(tmp_path / "shared"))
    assert isinstance(result, Result)


@pytest.mark.parametrize("secret", ["", "another"], ids=["without a secret", "with another secret"])
async def test_a_job_that_a_pod_does_not_take_as_ours_is_lost_on_nobody(tmp_path: Path, secret: str) -> None:
    (tmp_path / "shared").write_text(secret)
    async with serving(_with_proof(b"one")) as endpoint:
        with pytest.raises(Unreachable):
            await ask(endpoint, SecretFile(tmp_path / "shared"))


async def test_the_answer_of_a_pod_that_proves_nothing_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "shared").write_text("one")

    async def impostor(_asked: web.Request) -> web.StreamResponse:
        return web.Response(headers={PROOF: "0" * 64}, text=json.dumps(RESULT) + "\n")

    async with serving(impostor) as endpoint:
        with pytest.raises(Unreachable, match="did not prove"):
            await ask(endpoint, SecretFile(tmp_path / "shared"))
