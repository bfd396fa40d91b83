"""``guardian app``: serve the status API and its page over the embedded runtime, and try them with one recording."""

from __future__ import annotations

import asyncio
import mimetypes
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console

from analysis_operator.cli.output import print_text
from analysis_operator.errors import OperatorError
from analysis_operator.local.listening import HINT, speech_folder
from analysis_operator.local.process import HOST, free_port
from analysis_operator.local.runtime import LocalRuntime

_POLL_SECONDS = 0.5
_VERDICT_SECONDS = 300.0
_CREATED, _ACCEPTED, _NOT_MODIFIED = 201, 202, 304


class UnexpectedResponse(OperatorError):
    """The status API gave a response that it should not give."""


async def serve_app(port: int, out: Path, console: Console) -> bool:
    """Serve the page until the task is cancelled.

    Raises:
        StartFailed: a service does not start.
    """
    from analysis_operator.local.status_api import serving  # imports FastAPI, which the other commands do not need

    async with LocalRuntime(out) as runtime, serving(runtime.requests, port) as token:
        print_text(console, f"Open the page:  http://{HOST}:{port}/#token={token}")
        print_text(console, f"OpenAPI document: http://{HOST}:{port}/openapi.json")
        print_text(console, "The token is valid until this command ends:")
        print_text(console, f"  curl -s http://{HOST}:{port}/v1/analyses -H 'Authorization: Bearer {token}'")
        if speech_folder() is None:
            print_text(console, HINT)
        print_text(console, "Ctrl-C ends it.")
        await runtime.failure()
    return True


async def try_app(recording: Path, out: Path, console: Console) -> bool:
    """Send one recording through the API as the page does; return whether there is a verdict.

    Raises:
        StartFailed: a service does not start.
        UnexpectedResponse: the API gave a response that it should not give.
    """
    port = free_port()
    from analysis_operator.local.status_api import serving  # imports FastAPI, which the other commands do not need

    async with LocalRuntime(out) as runtime, serving(runtime.requests, port) as token:
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(f"http://{HOST}:{port}", headers=headers) as api:
            print_text(console, f"\nThe page and the API answer on http://{HOST}:{port}/")
            page = await _bytes(api, "/")
            if b"<main" not in page:
                raise UnexpectedResponse("GET / did not return the page.")
            where = await _send(api, recording, console)
            analysis = await _follow(api, where, console)
            report = await _json(api, "GET", f"{where}/report", 200)
            async with aiohttp.ClientSession() as storage:
                if b"<html" not in await _bytes(storage, report["url"]):
                    raise UnexpectedResponse("The link to the report did not return the report.")
            print_text(console, f"  verdict {analysis['verdict']}, score {analysis['score']} of 100; the report opens")
    print_text(console, "To use the page yourself: make app", style="green")
    return analysis["verdict"] is not None


async def _send(api: aiohttp.ClientSession, recording: Path, console: Console) -> str:
    content = await asyncio.to_thread(recording.read_bytes)
    kind = mimetypes.guess_type(recording.name)[0] or "audio/wav"
    upload = await _json(api, "POST", "/v1/uploads", _CREATED, {"contentType": kind, "sizeBytes": len(content)})
    # A session without the token: the signed link is enough.
    async with (
        aiohttp.ClientSession() as storage,
        storage.put(upload["url"], data=content, headers=upload["headers"]) as answer,
    ):
        if not answer.ok:
            raise UnexpectedResponse(f"The upload returned {answer.status}.")
    analysis = await _json(api, "POST", "/v1/analyses", _ACCEPTED, {"source": upload["source"]})
    print_text(console, f"  {recording.name}: uploaded {len(content):,} bytes, analysis {analysis['id']}")
    return f"/v1/analyses/{analysis['id']}"


async def _follow(api: aiohttp.ClientSession, where: str, console: Console) -> dict[str, Any]:
    """Poll until the analysis has finished, and return it. A response that has not changed is 304, without a body."""
    etag, polls, unchanged, analysis = "", 0, 0, {"state": ""}
    async with asyncio.timeout(_VERDICT_SECONDS):
        while analysis["state"] != "Finished":
            async with api.get(where, headers={"If-None-Match": etag} if etag else {}) as answer:
                polls += 1
                if answer.status == _NOT_MODIFIED:
                    unchanged += 1
                else:
                    etag, analysis = answer.headers["ETag"], await answer.json()
            await asyncio.sleep(_POLL_SECONDS)
    async with api.get(where, headers={"If-None-Match": etag}) as answer:
        if answer.status != _NOT_MODIFIED:
            raise UnexpectedResponse("A finished analysis was sent again instead of 304 Not Modified.")
    print_text(console, f"  polled {polls + 1} times, {unchanged + 1} responses were 304 (not modified)")
    return analysis


async def _json(
    api: aiohttp.ClientSession, method: str, path: str, expected: int, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    async with api.request(method, path, json=body) as answer:
        if answer.status != expected:
            raise UnexpectedResponse(f"{method} {path} returned {answer.status}: {await answer.text()}")
        document: dict[str, Any] = await answer.json()
        return document


async def _bytes(api: aiohttp.ClientSession, url: str) -> bytes:
    async with api.get(url) as answer:
        if not answer.ok:
            raise UnexpectedResponse(f"GET {url.partition('?')[0]} returned {answer.status}.")
        return await answer.read()
