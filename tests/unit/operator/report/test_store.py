"""The operator's S3 client, against moto and against nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from moto import mock_aws

from analysis_operator.report.store import ObjectStore, StoreError, make_client


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    with mock_aws():
        make_client().create_bucket(Bucket="results")
        yield ObjectStore()


def test_what_is_put_can_be_read(store: ObjectStore) -> None:
    store.put("s3://results/a b?#/ü.html", b"page", "text/html; charset=utf-8")
    assert store.get("s3://results/a b?#/ü.html", 4) == b"page"
    head = make_client().head_object(Bucket="results", Key="a b?#/ü.html")
    assert head["ContentType"] == "text/html; charset=utf-8"


def test_what_is_missing_or_too_large_is_said(store: ObjectStore) -> None:
    store.put("s3://results/a", b"12345", "text/plain")
    with pytest.raises(StoreError, match="larger than 4 bytes"):
        store.get("s3://results/a", 4)
    with pytest.raises(StoreError, match="s3://results/none could not be read: NoSuchKey"):
        store.get("s3://results/none", 4)
    with pytest.raises(StoreError, match="s3://none/a could not be written: NoSuchBucket"):
        store.put("s3://none/a", b"", "text/plain")


def test_a_server_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        with pytest.raises(StoreError, match="EndpointConnectionError"):
            ObjectStore().get("s3://results/a", 4)


def test_a_server_of_ones_own_is_addressed_by_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://s3.example.internal:7070")
    style = make_client().meta.config.s3  # type: ignore[attr-defined]
    assert style["addressing_style"] == "path"
