"""Downloads onto a disk that fills up."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer_contract import SourceObject
from analyzer_kit.s3 import ObjectStore
from tests.support.analyzer_service import CREDENTIALS, FaultyS3


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """A store over an S3 server that has one small object under every key."""
    with FaultyS3(body=b"0123456789").serving() as told:
        for name, value in (CREDENTIALS | {"AWS_ENDPOINT_URL": told.url}).items():
            monkeypatch.setenv(name, value)
        yield ObjectStore(connect_seconds=1, read_seconds=1, retry_seconds=1, max_bytes=1000)


def test_a_write_that_a_full_disk_cuts_short_is_no_download(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, cancelled = os.pwrite, threading.Event()
    facts = store.head(SourceObject(uri="s3://media/key"), 5, cancelled)
    target = os.open(tmp_path / "recording", os.O_CREAT | os.O_WRONLY)
    try:
        store.download("s3://media/key", facts, target, 5, cancelled)
        assert (tmp_path / "recording").read_bytes() == b"0123456789"
        monkeypatch.setattr(os, "pwrite", lambda fd, data, at: write(fd, data[:5], at))
        with pytest.raises(OSError, match="No space left"):
            store.download("s3://media/key", facts, target, 5, cancelled)
    finally:
        os.close(target)
