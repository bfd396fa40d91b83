"""Which SHA-256 an object has: by what S3 states, or by reading it."""

from __future__ import annotations

import base64
import hashlib
import threading
from typing import Any

import pytest

from analyzer_contract import FailureReason, SourceObject
from analyzer_kit import s3
from analyzer_kit.errors import AnalysisError
from analyzer_kit.s3 import ObjectStore
from analyzer_kit.s3_answers import sha256_of
from tests.support.analyzers.service import CREDENTIALS, FaultyS3

BODY = b"0123456789"
SHA256 = hashlib.sha256(BODY).hexdigest()
CHECKSUM = base64.b64encode(bytes.fromhex(SHA256)).decode()
STATED = [
    ("of the whole", {"ChecksumSHA256": CHECKSUM, "ChecksumType": "FULL_OBJECT"}, SHA256),
    ("by a server that knows no types", {"ChecksumSHA256": CHECKSUM}, SHA256),
    ("of parts", {"ChecksumSHA256": CHECKSUM, "ChecksumType": "COMPOSITE"}, None),
    ("of parts, by a server that knows no types", {"ChecksumSHA256": f"{CHECKSUM}-3"}, None),
    ("another checksum", {"ChecksumCRC32": "AAAAAA==", "ChecksumType": "FULL_OBJECT"}, None),
    ("one of another length", {"ChecksumSHA256": "AAAAAA=="}, None),
    ("none", {}, None),
    ("no text of ASCII", {"ChecksumSHA256": "é" * 44}, None),
]


@pytest.mark.parametrize(("answer", "sha256"), [row[1:] for row in STATED], ids=[row[0] for row in STATED])
def test_what_s3_states_counts_if_it_is_of_the_whole_object(answer: dict[str, Any], sha256: str | None) -> None:
    assert sha256_of(answer) == sha256


def test_an_object_is_read_through_in_parts_that_are_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "_RANGE_BYTES", 4)
    with FaultyS3(body=BODY, cut=2).serving() as told:
        for name, value in (CREDENTIALS | {"AWS_ENDPOINT_URL": told.url}).items():
            monkeypatch.setenv(name, value)
        store = ObjectStore(connect_seconds=1, read_seconds=1, retry_seconds=5, max_bytes=1000)
        facts = store.head(SourceObject(uri="s3://media/key", sha256=SHA256), 5, threading.Event())
        assert facts.sha256 is None, "S3 did not state it"
        assert store.sha256("s3://media/key", facts, 5, threading.Event()) == SHA256
        told.etag = "f" * 32
        with pytest.raises(AnalysisError) as caught:
            store.sha256("s3://media/key", facts, 5, threading.Event())
        assert caught.value.reason is FailureReason.SOURCE_CHANGED
