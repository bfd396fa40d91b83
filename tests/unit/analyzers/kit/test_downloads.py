"""Downloads onto a disk that fills up, and small objects that may be missing."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer_contract import FailureReason, SourceObject
from analyzer_kit.errors import AnalysisError
from analyzer_kit.s3 import ObjectStore
from tests.support.analyzers.service import CREDENTIALS, FaultyS3
from tests.support.waiting import PATIENCE_SECONDS


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


def failing(monkeypatch: pytest.MonkeyPatch, told: FaultyS3, status: int, *, retry_seconds: float = 0.3) -> ObjectStore:
    told.failures, told.failure_status = 10_000, status
    for name, value in (CREDENTIALS | {"AWS_ENDPOINT_URL": told.url}).items():
        monkeypatch.setenv(name, value)
    return ObjectStore(connect_seconds=1, read_seconds=1, retry_seconds=retry_seconds, max_bytes=1000)


def test_a_small_object_is_read_whole_or_refused(store: ObjectStore) -> None:
    content, facts = store.read("s3://media/key", 10, 5) or (b"", None)
    assert content == b"0123456789"
    assert facts is not None
    assert facts.size_bytes == 10
    assert facts.etag
    with pytest.raises(AnalysisError) as caught:
        store.read("s3://media/key", 9, 5)
    assert caught.value.reason is FailureReason.MEDIA_TOO_LARGE


@pytest.mark.parametrize("status", [404, 403])
def test_what_is_missing_or_may_not_be_seen_is_none(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    with FaultyS3().serving() as told:
        assert failing(monkeypatch, told, status).read("s3://media/key", 10, 5) is None


def test_an_s3_that_fails_is_not_taken_for_a_missing_object(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultyS3().serving() as told:
        with pytest.raises(AnalysisError) as caught:
            failing(monkeypatch, told, 503).read("s3://media/key", 10, 5)
        assert caught.value.reason is FailureReason.SOURCE_UNAVAILABLE


def test_what_cannot_be_removed_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultyS3().serving() as told:
        failing(monkeypatch, told, 403).delete("s3://media/key", 1)


def test_a_page_to_sign_in_is_not_taken_for_the_answer_of_s3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with FaultyS3(body=b"0123456789").serving() as told:
        store = failing(monkeypatch, told, 200, retry_seconds=PATIENCE_SECONDS)
        told.failures = 1
        facts = store.head(SourceObject(uri="s3://media/key"), PATIENCE_SECONDS, threading.Event())
        assert (facts.size_bytes, facts.etag) == (10, told.etag)
        told.failures = 1
        with (tmp_path / "recording").open("wb") as target:
            store.download("s3://media/key", facts, target.fileno(), PATIENCE_SECONDS, threading.Event())
        assert (tmp_path / "recording").read_bytes() == b"0123456789"
        told.failures = 1
        store.put("s3://results/a.json", b"{}", "application/json", PATIENCE_SECONDS)
        assert list(told.puts.values()) == [b"{}"]
