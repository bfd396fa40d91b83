"""The HTTP service without a network: what hostile requests get, and what it says about itself."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from openapi_spec_validator import validate
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from starlette.types import Message, Receive, Scope, Send

from analyzer_kit import http_server
from analyzer_kit.analyzer import Analyzer
from analyzer_kit.app import MAX_BODY_BYTES, create_app
from analyzer_kit.metrics import Metrics
from analyzer_kit.settings import KitSettings
from guardian_service import uvicorn_server
from guardian_service.body_limit import BodyLimit
from guardian_service.signatures import sign
from guardian_service.trace_context import Context
from tests.support.analyzers.backend import JOB, Chatty
from tests.support.connections import vanishing
from tests.support.waiting import PATIENCE_SECONDS, until

STREAM = ((b"accept", b"application/x-ndjson"), (b"guardian-keep", b"30"))
OPENMETRICS = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5"


@dataclass
class Client:
    """Sends one request in ``parts`` and keeps the answer; ``hold`` is a body that never ends."""

    parts: list[bytes]
    hold: bool = False
    asked: int = 0
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    async def receive(self) -> Message:
        self.asked += 1
        if self.asked > len(self.parts):
            await asyncio.Event().wait()
        return {
            "type": "http.request",
            "body": self.parts[self.asked - 1],
            "more_body": self.hold or self.asked < len(self.parts),
        }

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        self.body += message.get("body", b"")


async def asked(
    app: Any,
    *parts: bytes,
    method: str = "POST",
    path: str = "/v1/analyses",
    hold: bool = False,
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> Client:
    client = Client(list(parts) or [b""], hold)
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"host", b"test"), *headers],
    }
    await asyncio.wait_for(app(scope, client.receive, client.send), PATIENCE_SECONDS)
    return client


@pytest.fixture
def app() -> FastAPI:
    analyzer = Analyzer(name="test", version="1", module="none", port=1)
    return create_app(analyzer, KitSettings(), Chatty())


@pytest.mark.asyncio
async def test_a_job_in_pieces_is_a_job(app: FastAPI) -> None:
    body = json.dumps(JOB).encode()
    answer = await asked(app, body[:5], body[5:])
    assert (answer.status, json.loads(answer.body)["verdict"]) == (200, "NoEvidence")


@pytest.mark.asyncio
async def test_a_newer_operator_is_understood(app: FastAPI) -> None:
    newer = JOB | {"later": {"a": 1}, "source": {"uri": "s3://media/key", "later": 1}}
    answer = await asked(app, json.dumps(newer).encode())
    assert (answer.status, json.loads(answer.body)["verdict"]) == (200, "NoEvidence")


@pytest.mark.asyncio
async def test_a_connection_to_an_operator_that_vanished_is_given_up_within_seconds(app: FastAPI) -> None:
    config = uvicorn.Config(app, **uvicorn_server.options(host="127.0.0.1", port=0, lifespan="off"))
    config.load()
    server = http_server._Server(config, app, drain_seconds=1)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    host, port = server.servers[0].sockets[0].getsockname()
    _, writer = await asyncio.open_connection(host, port)
    await until(lambda: server.server_state.connections)
    (connection,) = server.server_state.connections
    assert vanishing(connection.transport.get_extra_info("socket")) == (1, 5, 5, 3, 15_000)
    writer.close()
    server.servers[0].close()


@pytest.mark.asyncio
async def test_an_endless_body_is_refused_before_it_fills_the_memory(app: FastAPI) -> None:
    client = await asked(app, *([b" " * 16_384] * 1000))
    assert client.status == 413
    assert client.asked * 16_384 <= MAX_BODY_BYTES + 2 * 16_384
    assert (client.headers["connection"], client.headers["content-type"]) == ("close", "application/problem+json")


@pytest.mark.asyncio
async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async def never(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise AssertionError("the application was asked")

    client = await asked(BodyLimit(never, most_bytes=1, too_long="", seconds=0.05), b"{", hold=True)
    assert client.status == 408


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [
        '{"\\ud800": 1}',
        '{"id": "one", "source": {"uri": "s3://media/\\ud800"}}',
        '{"id": "one", "source": {"uri": "s3://media/a\\nb"}}',
        '{"id": "one\\n", "source": {"uri": "s3://media/a"}}',
        '{"id": "one", "source": {"uri": "s3://media@evil/a"}}',
        '{"id": "one", "deadlineSeconds": NaN, "source": {"uri": "s3://media/a"}}',
        '{"id": "one", "deadlineSeconds": Infinity, "source": {"uri": "s3://media/a"}}',
        '{"id": "one", "resultPrefix": "s3://results/no-slash", "source": {"uri": "s3://media/a"}}',
        '{"id": "one", "resultPrefix": "file:///etc/", "source": {"uri": "s3://media/a"}}',
        "[" * 50_000,
        "9" * 5000,
        "{" + ",".join(f'"{number}":1' for number in range(5000)) + "}",
    ],
)
async def test_nonsense_is_a_short_problem_and_takes_no_slot(app: FastAPI, body: str) -> None:
    answer = await asked(app, body.encode())
    assert answer.status in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.body) < 10_000
    assert app.state.jobs.busy == 0


@pytest.mark.asyncio
async def test_work_is_cancelled_by_its_name(app: FastAPI) -> None:
    backend: Chatty = app.state.backend
    backend.may_end.clear()
    waiting = asyncio.create_task(asked(app, json.dumps(JOB).encode(), headers=STREAM))
    await until(lambda: app.state.jobs.busy)
    full = await asked(app, json.dumps(JOB | {"id": "two"}).encode())
    assert (full.status, json.loads(full.body)["unattended"]) == (429, [])
    assert (await asked(app, b'{"id": "two"}', path="/v1/cancellations")).status == 204
    assert app.state.jobs.busy == 1
    assert (await asked(app, b'{"id": "one"}', path="/v1/cancellations")).status == 204
    assert b'"type":"result"' not in (await waiting).body
    assert not app.state.jobs.busy


@pytest.mark.asyncio
async def test_a_service_says_that_it_starts_until_an_analysis_can_run() -> None:
    backend = Chatty(ready=False)
    app = create_app(Analyzer(name="test", version="1", module="none", port=1), KitSettings(), backend)
    before = await asked(app, method="GET", path="/readyz")
    assert (before.status, json.loads(before.body)["state"]) == (503, "starting")
    backend.ready = True
    assert (await asked(app, method="GET", path="/readyz")).status == 200


@pytest.mark.asyncio
async def test_swagger_is_served_and_describes_every_answer(app: FastAPI) -> None:
    docs = await asked(app, method="GET", path="/docs")
    assert (docs.status, docs.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"/openapi.json" in docs.body
    document = json.loads((await asked(app, method="GET", path="/openapi.json")).body)
    validate(document)
    assert set(document["paths"]) == {"/v1/analyses", "/v1/cancellations", "/health", "/livez", "/readyz", "/metrics"}
    answers = document["paths"]["/v1/analyses"]["post"]["responses"]
    assert set(answers.pop("200")["content"]) == {"application/json", "application/x-ndjson"}
    assert all(set(answer["content"]) == {"application/problem+json"} for answer in answers.values())
    assert set(answers) == {"401", "403", "404", "408", "409", "413", "422", "429", "500", "502", "503", "504"}
    job = document["components"]["schemas"]["AnalysisJob"]["properties"]
    assert set(job) == {"id", "source", "deadlineSeconds", "resultPrefix", "known", "knownContent"}


def test_openmetrics_has_the_trace_of_an_analysis_as_an_exemplar_and_the_old_format_has_none() -> None:
    trace, metrics = Context("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"), Metrics("test", 1)
    metrics.ended("NoEvidence", 0.3)
    assert b"trace_id" not in metrics.render(OPENMETRICS)[0]
    metrics.ended("NoEvidence", 0.3, trace)
    page, media_type = metrics.render(OPENMETRICS)
    assert media_type.startswith("application/openmetrics-text")
    families = openmetrics(page.decode())  # type: ignore[no-untyped-call]
    (seconds,) = [family for family in families if family.name == "guardian_analysis_seconds"]
    exemplars = {sample.labels["le"]: sample.exemplar for sample in seconds.samples if sample.exemplar}
    assert exemplars.keys() == {"0.5"}
    assert exemplars["0.5"].labels == {"trace_id": trace.trace_id}
    assert b"trace_id" not in metrics.render("text/plain")[0]


@pytest.mark.asyncio
async def test_the_page_of_metrics_is_in_the_format_that_is_asked_for(app: FastAPI) -> None:
    plain = await asked(app, method="GET", path="/metrics")
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    asks = ((b"accept", OPENMETRICS.encode()),)
    assert (await asked(app, method="GET", path="/metrics", headers=asks)).body.endswith(b"# EOF\n")


def _guarded(settings: KitSettings) -> FastAPI:
    return create_app(Analyzer(name="test", version="1", module="none", port=1), settings, Chatty())


@pytest.mark.asyncio
async def test_only_who_has_the_secret_gets_an_analysis_and_a_proof(tmp_path: Path) -> None:
    (tmp_path / "shared").write_text("one")
    app, body = _guarded(KitSettings(secret_file=tmp_path / "shared")), json.dumps(JOB).encode()
    signed = sign(b"one", body, time.time())
    good = await asked(app, body[:9], body[9:], headers=((b"authorization", signed.header.encode()),))
    assert (good.status, good.headers["guardian-proof"]) == (200, signed.proof)
    wrong = sign(b"two", body, time.time()), sign(b"one", b"{}", time.time())
    for header in ("", *(each.header for each in wrong)):
        client = await asked(app, body, headers=((b"authorization", header.encode()),))
        assert (client.status, client.headers["content-type"]) == (401, "application/problem+json")
        assert "guardian-proof" not in client.headers
    for path in ("/health", "/livez", "/readyz", "/metrics"):
        assert (await asked(app, method="GET", path=path)).status == 200


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1", 200), ("127.0.0.9", 200), ("::1", 200), ("localhost", 200), ("0.0.0.0", 401), ("analyzer", 401)],  # noqa: S104
)
async def test_without_a_secret_only_its_own_machine_may_ask(host: str, status: int) -> None:
    assert (await asked(_guarded(KitSettings(host=host)), json.dumps(JOB).encode())).status == status


@pytest.mark.asyncio
async def test_a_secret_that_cannot_be_read_lets_nobody_in(tmp_path: Path) -> None:
    app = _guarded(KitSettings(host="0.0.0.0", secret_file=tmp_path / "absent"))  # noqa: S104
    client = await asked(app, json.dumps(JOB).encode())
    assert (client.status, "GUARDIAN_SECRET_FILE" in client.body.decode()) == (401, True)
