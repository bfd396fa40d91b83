"""Hostile and plain manifests, whole and in pieces of every size."""

from __future__ import annotations

import json

import pytest

from analysis_operator.batches.manifest import MOST_LINE, MOST_SKIPPED, ManifestReader, NoManifest
from analysis_operator.batches.rows import Row

CSV, JSONL = "s3://media/lists/a.csv", "s3://media/lists/a.jsonl"


def read(uri: str, data: bytes, piece: int = 1 << 30, most: int = 1 << 30) -> list[Row]:
    """Read a manifest in pieces, as it comes from S3, and a page at a time, each by a reader of its own."""
    rows: list[Row] = []
    reader = ManifestReader(uri)
    begin = size = 0
    while True:
        size += piece
        buffer = data[begin : begin + size]
        eof = begin + size >= len(data)
        found, taken = reader.read(buffer, eof=eof, most=most)
        rows += found
        for row in found:
            assert row.end is not None
            assert (row.end.byte or 0) <= begin + taken
        begin, size = begin + taken, size - taken
        if eof and begin >= len(data):
            return rows
        if len(found) >= most:
            reader, size = ManifestReader(uri, line=reader.line, columns=reader.columns), 0


def names(rows: list[Row]) -> list[tuple[int | None, str | None, str]]:
    return [(row.line, row.uri, row.reason) for row in rows]


GOOD = [
    (
        "a header",
        CSV,
        b"uri,note\ns3://media/a,x\ns3://media/b,y\n",
        [(2, "s3://media/a", ""), (3, "s3://media/b", "")],
    ),
    ("keys", CSV, b"key\na b.wav\n", [(2, "s3://media/a b.wav", "")]),
    ("no header", CSV, b"s3://media/a\ns3://media/b", [(1, "s3://media/a", ""), (2, "s3://media/b", "")]),
    ("Windows", CSV, b"\xef\xbb\xbfKey,Version_ID\r\n\r\na,v1\r\n", [(3, "s3://media/a", "")]),
    ("quoted", CSV, b'note,uri\n"a ""b"", c","s3://media/a,1.wav"\n', [(2, "s3://media/a,1.wav", "")]),
    (
        "over two lines",
        CSV,
        b'note,uri\n"one\ntwo",s3://media/a\nx,s3://media/b\n',
        [(2, "s3://media/a", ""), (4, "s3://media/b", "")],
    ),
    (
        "a mark that stays open",
        CSV,
        b'uri\n"s3://media/a\ns3://media/b\ns3://media/c\n',
        [(2, None, "MalformedLine"), (3, "s3://media/b", ""), (4, "s3://media/c", "")],
    ),
    ("too few fields", CSV, b"note,uri\nx\n", [(2, None, "MalformedLine")]),
    ("the same twice", CSV, b"uri\ns3://media/a\ns3://media/a\n", [(2, "s3://media/a", ""), (3, "s3://media/a", "")]),
    ("Korean", JSONL, '"s3://media/통화.wav"\n'.encode(), [(1, "s3://media/통화.wav", "")]),
    (
        "objects",
        JSONL,
        b'\xef\xbb\xbf{"uri": "s3://media/a", "versionId": "v"}\n{"key": "b", "more": [1]}\r\n\n"s3://media/c"',
        [(1, "s3://media/a", ""), (2, "s3://media/b", ""), (4, "s3://media/c", "")],
    ),
    (
        "no JSON",
        JSONL,
        b'{"uri": \n[1]\n{"uri": 3}\n{}\n\xff\xfe\x00\n{"key": "b"}\n' + b"[" * 5000 + b"\n",
        [
            (1, None, "MalformedLine"),
            (2, None, "MalformedLine"),
            (3, None, "MalformedLine"),
            (4, None, "MalformedLine"),
            (5, None, "MalformedLine"),
            (6, "s3://media/b", ""),
            (7, None, "MalformedLine"),
        ],
    ),
    ("nothing", JSONL, b"", []),
    ("a header alone", CSV, b"uri\n", []),
    ("blank lines", JSONL, b"\n \n\r\n", []),
]


@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
@pytest.mark.parametrize(("uri", "data", "expected"), [row[1:] for row in GOOD], ids=[row[0] for row in GOOD])
def test_each_line_is_read_whatever_the_pieces(
    uri: str, data: bytes, expected: list[tuple[int, str | None, str]], piece: int
) -> None:
    assert names(read(uri, data, piece)) == expected
    assert names(read(uri, data, piece, most=1)) == expected, "a page at a time"


def test_a_line_of_10_mb_costs_itself_alone() -> None:
    data = b'{"key": "a"}\n{"key": "' + b"x" * 10_000_000 + b'"}\n{"key": "b"}\n'
    for most in (1, 100):
        assert names(read(JSONL, data, 1 << 20, most)) == [
            (1, "s3://media/a", ""),
            (2, None, "LineTooLong"),
            (3, "s3://media/b", ""),
        ]
    last = read(JSONL, b'{"key": "a"}\n' + b"x" * (MOST_LINE + 2), 1 << 10)
    assert names(last) == [(1, "s3://media/a", ""), (2, None, "LineTooLong")]


@pytest.mark.parametrize(
    ("uri", "data"),
    [
        (CSV, "uri\ns3://media/a\n".encode("utf-16")),
        (JSONL, b"\x1f\x8b\x08\x00rest"),
        (CSV, b"name,size\na,1\n"),
        (CSV, b'"name\n'),
        (JSONL, b"x" * (MOST_SKIPPED + (1 << 21))),
    ],
)
def test_what_is_no_list_at_all_is_refused(uri: str, data: bytes) -> None:
    with pytest.raises(NoManifest):
        read(uri, data, 1 << 20)


def test_versions_are_read() -> None:
    data = json.dumps({"key": "a", "versionId": "v1"}).encode()
    assert read(JSONL, data)[0].version_id == "v1"
    assert read(CSV, b"key,versionId\na,v1\nb,\n")[1].version_id is None
