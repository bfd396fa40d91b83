"""Lists of recordings, a page at a time, from an S3 client in memory."""

from __future__ import annotations

import io
from typing import Any

import pytest
from botocore.exceptions import ClientError

from analysis_operator.api import BatchSource, Position
from analysis_operator.batches import sources
from analysis_operator.batches.ports import SourceTrouble
from analysis_operator.batches.sources import S3Sources


class Client:
    """What S3 answers, from one bucket in memory."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects
        self.etag = '"1"'
        self.refusal = ""
        self.asked = 0

    def get_object(self, **asked: Any) -> dict[str, Any]:
        self._refuse()
        self.asked += 1
        begin, end = (int(each) for each in asked["Range"].removeprefix("bytes=").split("-"))
        data = self.objects[asked["Key"]]
        if begin >= len(data):
            raise ClientError({"Error": {"Code": "InvalidRange"}}, "GetObject")
        part = data[begin : end + 1]
        told = f"bytes {begin}-{begin + len(part) - 1}/{len(data)}"
        return {"Body": io.BytesIO(part), "ETag": self.etag, "ContentRange": told, "ContentLength": len(part)}

    def list_objects_v2(self, **asked: Any) -> dict[str, Any]:
        self._refuse()
        keys = sorted(
            key for key in self.objects if key.startswith(asked["Prefix"]) and key > asked.get("StartAfter", "")
        )
        found = [{"Key": key, "Size": len(self.objects[key])} for key in keys[: asked["MaxKeys"]]]
        return {"Contents": found, "IsTruncated": len(keys) > asked["MaxKeys"]}

    def _refuse(self) -> None:
        if self.refusal:
            raise ClientError({"Error": {"Code": self.refusal}}, "GetObject")


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    made = Client({})
    monkeypatch.setattr(sources, "make_client", lambda: made)
    return made


async def every(source: BatchSource, most: int) -> list[tuple[str | None, int | None]]:
    """Read to the end, each page from the position of the one before by a reader of its own."""
    rows, start = [], Position()
    while True:
        page = await S3Sources("s3://media/calls/results").read(source, start, most)
        rows += [(row.uri, row.line) for row in page.rows]
        start = Position.model_validate(page.end.model_dump(mode="json", by_alias=True, exclude_none=True))
        if page.last:
            return rows


async def test_a_prefix_is_listed_without_folders_and_without_our_own_results(client: Client) -> None:
    keys = [f"calls/{number}.wav" for number in range(7)]
    client.objects = dict.fromkeys([*keys, "calls/results/a.jsonl", "other/x.wav"], b"x")
    client.objects |= {"calls/": b"", "calls/2/": b""}
    source = BatchSource(prefix="s3://media/calls/")
    for most in (1, 2, 3, 100):
        assert await every(source, most) == [(f"s3://media/{key}", None) for key in keys]
    assert await S3Sources(None).count(source, Position(after_key="calls/3.wav")) == 4


@pytest.mark.parametrize("head", [b"note,key\n", b"\xef\xbb\xbfkey\r\n"])
async def test_a_manifest_is_read_in_ranges_and_from_any_line(
    client: Client, head: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_RANGE", 64)
    column = b"x," if b"note" in head else b""
    client.objects = {"list.csv": head + b"".join(b"%sfolder/%d.wav\n" % (column, number) for number in range(40))}
    source = BatchSource(manifest="s3://media/list.csv")
    expected = [(f"s3://media/folder/{number}.wav", number + 2) for number in range(40)]
    for most in (1, 7, 40, 100):
        assert await every(source, most) == expected


async def test_an_empty_manifest_has_no_rows(client: Client) -> None:
    client.objects = {"list.jsonl": b""}
    assert await every(BatchSource(manifest="s3://media/list.jsonl"), 10) == []


async def test_a_manifest_that_was_overwritten_is_not_read_on(client: Client) -> None:
    client.objects = {"list.jsonl": b'"s3://media/a"\n"s3://media/b"\n'}
    source = BatchSource(manifest="s3://media/list.jsonl")
    page = await S3Sources(None).read(source, Position(), 1)
    client.etag = '"2"'
    with pytest.raises(SourceTrouble, match="overwritten") as raised:
        await S3Sources(None).read(source, page.end, 1)
    assert (raised.value.reason, raised.value.fatal) == ("SourceChanged", True)


@pytest.mark.parametrize(
    ("code", "reason", "fatal"),
    [
        ("NoSuchKey", "SourceNotFound", True),
        ("AccessDenied", "SourceForbidden", True),
        ("SlowDown", "SourceUnavailable", False),
    ],
)
async def test_what_s3_refuses_says_whether_it_can_pass(client: Client, code: str, reason: str, fatal: bool) -> None:
    client.refusal = code
    for source in (BatchSource(manifest="s3://media/list.jsonl"), BatchSource(prefix="s3://media/calls/")):
        with pytest.raises(SourceTrouble) as raised:
            await S3Sources(None).read(source, Position(), 1)
        assert (raised.value.reason, raised.value.fatal) == (reason, fatal)
