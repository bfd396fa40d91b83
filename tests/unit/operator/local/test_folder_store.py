"""The S3 server over files, asked by the clients that really ask it."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from analysis_operator.local.folder_store import FolderStore
from analysis_operator.report.store import ObjectStore as ReportStore
from analysis_operator.report.store import StoreError
from analyzer_contract import FailureReason, SourceFacts, SourceObject
from analyzer_kit.errors import AnalysisError
from analyzer_kit.s3 import ObjectStore

URI = "s3://media/secret/a b+c.wav"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FolderStore]:
    found = FolderStore(tmp_path / "results")
    with found.environment():
        await found.start()
        yield found
        await found.stop()


class Analyzer:
    """An analyzer's client, called as it calls it: in a thread."""

    def __init__(self) -> None:
        self._store = ObjectStore(connect_seconds=3, read_seconds=10, retry_seconds=1, max_bytes=2**31)

    async def head(self, uri: str = URI) -> SourceFacts:
        return await asyncio.to_thread(self._store.head, SourceObject(uri=uri), 5, threading.Event())

    async def read(self, facts: SourceFacts, target: Path) -> bytes:
        with target.open("wb") as file:
            await asyncio.to_thread(self._store.download, URI, facts, file.fileno(), 5, threading.Event())
        return await asyncio.to_thread(target.read_bytes)

    async def put(self, uri: str, body: bytes) -> None:
        await asyncio.to_thread(self._store.put, uri, body, "image/png", 5)


@pytest.mark.parametrize("size", [0, 1000, 17 * 1024**2 + 3])
async def test_a_file_is_read_where_it_lies(store: FolderStore, tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "recording").write_bytes(content)
    (tmp_path / "recording.gz").write_bytes(b"not this one")
    await store.upload(tmp_path / "recording", URI)
    analyzer = Analyzer()
    facts = await analyzer.head()
    assert facts.size_bytes == size
    assert await analyzer.read(facts, tmp_path / "target") == content
    assert not (tmp_path / "results").exists(), "nothing was copied"


async def test_a_file_that_changes_meanwhile_is_another_one(store: FolderStore, tmp_path: Path) -> None:
    recording = tmp_path / "recording"
    recording.write_bytes(b"before")
    await store.upload(recording, URI)
    analyzer = Analyzer()
    facts = await analyzer.head()
    recording.write_bytes(b"after it")
    with pytest.raises(AnalysisError) as refused:
        await analyzer.read(facts, tmp_path / "target")
    assert refused.value.reason is FailureReason.SOURCE_CHANGED


@pytest.mark.parametrize("uri", [URI, "s3://media/secret/other.wav"])
async def test_what_is_not_served_or_no_longer_is_not_there(store: FolderStore, tmp_path: Path, uri: str) -> None:
    (tmp_path / "recording").write_bytes(b"x")
    await store.upload(tmp_path / "recording", URI)
    store.withdraw(URI)
    with pytest.raises(AnalysisError) as refused:
        await Analyzer().head(uri)
    assert refused.value.reason is FailureReason.SOURCE_NOT_FOUND


async def test_results_are_files_that_can_be_taken_once(store: FolderStore, tmp_path: Path) -> None:
    prefix = "s3://results/default/call/uid/"
    big = os.urandom(3 * 1024**2)
    await Analyzer().put(f"{prefix}audio.json", b"{}")
    await Analyzer().put(f"{prefix}audio.png", big)
    assert await asyncio.to_thread(ReportStore().get, f"{prefix}audio.png", 2**23) == big
    taken = await store.download(prefix, tmp_path / "taken")
    assert {path.name: path.read_bytes() for path in taken} == {"audio.json": b"{}", "audio.png": big}
    assert await store.download(prefix, tmp_path / "taken") == []
    with pytest.raises(StoreError, match="could not be read"):
        await asyncio.to_thread(ReportStore().get, f"{prefix}audio.png", 2**23)


async def test_no_key_leads_out_of_the_folder(store: FolderStore, tmp_path: Path) -> None:
    import aiohttp

    (tmp_path / "private").write_bytes(b"x")
    address = os.environ["AWS_ENDPOINT_URL"]
    async with aiohttp.ClientSession() as session:
        for key in ("..%2F..%2Fprivate", "results%2F..%2F..%2Fprivate", "%2Fetc%2Fpasswd"):
            async with session.get(f"{address}/{key}") as answer:
                assert answer.status in {403, 404}
            async with session.put(f"{address}/{key}", data=b"y") as answer:
                assert answer.status in {200, 403}
    assert (tmp_path / "private").read_bytes() == b"x"
    assert store is not None
