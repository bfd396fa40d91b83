"""An S3 server in this process that serves recordings from where they lie, and keeps results as plain files.

It answers what the analyzers and the report ask for: HEAD, GET with ranges, PUT. So thousands of recordings are
analysed without a copy of each in a store, and nothing grows with their number.
"""

from __future__ import annotations

import asyncio
import shutil
from contextlib import AbstractContextManager
from pathlib import Path

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter

from analysis_operator.local.process import HOST, free_port
from analysis_operator.local.s3_server import directed_to
from guardian_service.s3 import split_uri

_MOST_BYTES = 64 * 1024**2
"""Of one result: a report with its pictures has some hundred kB."""


class FolderStore:
    """The server; it can take the place of :class:`analysis_operator.local.s3_server.LocalStore`.

    Args:
        folder: for results; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._port = free_port()
        self._links: dict[str, Path] = {}
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Start to listen on the loopback address."""
        app = web.Application(client_max_size=_MOST_BYTES)
        app.router.add_get("/{key:.+}", self._get)
        app.router.add_put("/{key:.+}", self._put)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self._port).start()

    async def stop(self) -> None:
        """Stop to listen."""
        if self._runner is not None:
            await self._runner.cleanup()

    def environment(self) -> AbstractContextManager[None]:
        """Set the environment so that S3 clients reach only this server, and no AWS account of the shell."""
        return directed_to(f"http://{HOST}:{self._port}")

    async def upload(self, path: Path, uri: str) -> None:
        """Serve a file at an address; it is not copied."""
        self._links[_key(uri)] = path

    def withdraw(self, uri: str) -> None:
        """Serve a file no longer."""
        self._links.pop(_key(uri), None)

    async def download(self, prefix_uri: str, folder: Path) -> list[Path]:
        """Move the results directly under a prefix into a folder, and return their paths."""
        return await asyncio.to_thread(_move, self._folder / _key(prefix_uri), folder)

    async def _get(self, asked: web.Request) -> web.StreamResponse:
        key = asked.match_info["key"]
        return _Served(self._links.get(key) or self._result(key))

    async def _put(self, asked: web.Request) -> web.Response:
        path = self._result(asked.match_info["key"])
        await asyncio.to_thread(_write, path, await asked.read())
        return web.Response(headers={hdrs.ETAG: '"written"'})

    def _result(self, key: str) -> Path:
        path = (self._folder / key).resolve()
        if not path.is_relative_to(self._folder.resolve()):
            raise web.HTTPForbidden
        return path


class _Served(web.FileResponse):
    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Answer: S3 takes an ETag without quotes, too, as clients send what it had said to them."""
        if (tag := request.headers.get(hdrs.IF_MATCH, '"')).startswith('"'):
            return await super().prepare(request)
        headers = request.headers.copy()
        headers[hdrs.IF_MATCH] = f'"{tag}"'
        return await super().prepare(request.clone(headers=headers))


def _key(uri: str) -> str:
    bucket, key = split_uri(uri)
    return f"{bucket}/{key}"


def _move(source: Path, folder: Path) -> list[Path]:
    if not source.is_dir():
        return []
    folder.mkdir(parents=True, exist_ok=True)
    moved = [Path(shutil.move(path, folder / path.name)) for path in sorted(source.iterdir())]
    source.rmdir()
    return moved


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
