"""``guardian app``: the status API and its page over the embedded runtime, and one recording sent through it."""

from __future__ import annotations

import asyncio
import mimetypes
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console

from analysis_operator.errors import OperatorError
from analysis_operator.local.process import HOST, free_port
from analysis_operator.local.runtime import LocalRuntime

_POLL_SECONDS = 0.5
_VERDICT_SECONDS = 300.0
_CREATED, _ACCEPTED, _NOT_MODIFIED = 201, 202, 304


class NotAsPromised(OperatorError):
    """The status API answered something else than it should."""


async def serve_app(port: int, out: Path, console: Console) -> bool:
    """Serve the page until the task is cancelled.

    Raises:
        StartFailed: a service does not come up.
    """
    from analysis_operator.local.status_api import serving  # FastAPI, which the other commands do without

    async with LocalRuntime(out) as runtime, serving(runtime.requests, port) as token:
        _say(console, f"Open the page:  http://{HOST}:{port}/#token={token}")
        _say(console, f"The API's document is at http://{HOST}:{port}/openapi.json; the token is good until this ends:")
        _say(console, f"  curl -s http://{HOST}:{port}/v1/analyses -H 'Authorization: Bearer {token}'")
        _say(console, "Ctrl-C ends it.")
        await runtime.failure()
    return True


async def try_app(recording: Path, out: Path, console: Console) -> bool:
    """Send one recording through the API as the page does; give whether every answer was as promised.

    Raises:
        StartFailed: a service does not come up.
        NotAsPromised: the API answered something else than it should.
    """
    port = free_port()
    from analysis_operator.local.status_api import serving  # FastAPI, which the other commands do without

    async with LocalRuntime(out) as runtime, serving(runtime.requests, port) as token:
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(f"http://{HOST}:{port}", headers=headers) as api:
            _say(console, f"\nThe page and the API answer on http://{HOST}:{port}/")
            page = await _bytes(api, "/")
            if b"<main" not in page:
                raise NotAsPromised("The page is not what it should be.")
            where = await _send(api, recording, console)
            analysis = await _follow(api, where, console)
            report = await _json(api, "GET", f"{where}/report", 200)
            async with aiohttp.ClientSession() as storage:
                if b"<html" not in await _bytes(storage, report["url"]):
                    raise NotAsPromised("The report is not what it should be.")
            _say(console, f"  verdict {analysis['verdict']}, score {analysis['score']} of 100; the report opens")
    _say(console, "To use the page yourself: make app", style="green")
    return analysis["verdict"] is not None


async def _send(api: aiohttp.ClientSession, recording: Path, console: Console) -> str:
    content = await asyncio.to_thread(recording.read_bytes)
    kind = mimetypes.guess_type(recording.name)[0] or "audio/wav"
    upload = await _json(api, "POST", "/v1/uploads", _CREATED, {"contentType": kind, "sizeBytes": len(content)})
    # A session of its own, without the token: the link is enough.
    async with (
        aiohttp.ClientSession() as storage,
        storage.put(upload["url"], data=content, headers=upload["headers"]) as answer,
    ):
        if not answer.ok:
            raise NotAsPromised(f"The upload was answered with {answer.status}.")
    asked = await _json(api, "POST", "/v1/analyses", _ACCEPTED, {"source": upload["source"]})
    _say(console, f"  {recording.name}: uploaded {len(content):,} bytes, analysis {asked['id']}")
    return f"/v1/analyses/{asked['id']}"


async def _follow(api: aiohttp.ClientSession, where: str, console: Console) -> dict[str, Any]:
    """Poll until it has finished: an answer that did not change is 304, and costs no body."""
    etag, polls, unchanged, found = "", 0, 0, {"state": ""}
    async with asyncio.timeout(_VERDICT_SECONDS):
        while found["state"] != "Finished":
            async with api.get(where, headers={"If-None-Match": etag} if etag else {}) as answer:
                polls += 1
                if answer.status == _NOT_MODIFIED:
                    unchanged += 1
                else:
                    etag, found = answer.headers["ETag"], await answer.json()
            await asyncio.sleep(_POLL_SECONDS)
    async with api.get(where, headers={"If-None-Match": etag}) as answer:
        if answer.status != _NOT_MODIFIED:
            raise NotAsPromised("An analysis that has finished was sent twice.")
    _say(console, f"  asked {polls + 1} times, {unchanged + 1} of them 304 (nothing new)")
    return found


async def _json(
    api: aiohttp.ClientSession, method: str, path: str, wanted: int, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    async with api.request(method, path, json=body) as answer:
        if answer.status != wanted:
            raise NotAsPromised(f"{method} {path} was answered with {answer.status}: {await answer.text()}")
        found: dict[str, Any] = await answer.json()
        return found


async def _bytes(api: aiohttp.ClientSession, url: str) -> bytes:
    async with api.get(url) as answer:
        if not answer.ok:
            raise NotAsPromised(f"{url.partition('?')[0]} was answered with {answer.status}.")
        return await answer.read()


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
