"""What a container says of itself, hostile boxes included."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer_contract import DetectorReport
from analyzer_kit.analysis import Caps
from tests.support.media.samples import encode_frames, ffmpeg
from tests.support.media.scene import Scene
from video_analyzer.boxes import Boxes, read_boxes
from video_analyzer.detectors.provenance import Provenance
from video_analyzer.reading import read_picture


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("plain") / "plain.mp4"
    encode_frames(target, Scene(5, pan=0, speed=0).frames(range(15)))
    return target


def said_of(recording: Path) -> DetectorReport:
    return Provenance().detect(read_picture(recording, Caps(threads=1), [], lambda _share: None))


def test_an_encoder_is_a_fact_and_never_evidence(plain: Path) -> None:
    report = said_of(plain)
    assert [(finding.kind, finding.score) for finding in report.findings] == [("SoftwareEncoder", 0)]
    assert "x264" in report.findings[0].message


@pytest.mark.parametrize(
    ("tag", "kind"), [("Adobe Premiere Pro 2024", "EditingSoftware"), ("Synthesia video", "GeneratorTag")]
)
def test_a_programs_tag_is_a_fact(tag: str, kind: str, plain: Path, tmp_path: Path) -> None:
    tagged = tmp_path / "tagged.mp4"
    ffmpeg("-i", str(plain), "-c", "copy", "-metadata", f"comment={tag}", str(tagged))
    report = said_of(tagged)
    assert {finding.kind for finding in report.findings} == {kind, "SoftwareEncoder"}
    assert report.score == 0


def test_a_word_that_only_contains_a_programs_name_is_none(plain: Path, tmp_path: Path) -> None:
    tagged = tmp_path / "tagged.mp4"
    ffmpeg("-i", str(plain), "-c", "copy", "-metadata", "comment=Las Vegasian trooping", str(tagged))
    assert {finding.kind for finding in said_of(tagged).findings} == {"SoftwareEncoder"}


def test_a_track_put_together_by_an_edit_list_and_a_late_change_are_told(tmp_path: Path) -> None:
    entries = struct.pack(">II", 0, 2) + struct.pack(">Iii", 500, 0, 65536) + struct.pack(">Iii", 500, 900, 65536)
    track = box(b"trak", box(b"edts", box(b"elst", entries)))
    header = box(b"mvhd", struct.pack(">III", 0, 3_000_000_000, 3_000_864_000))
    made = tmp_path / "boxes.mp4"
    made.write_bytes(box(b"ftyp", b"isom") + box(b"moov", header + track))
    boxes = read_boxes(made)
    assert boxes.edits == (((0, 500), (900, 500)),)
    assert boxes.modified - boxes.created == 864_000


@pytest.mark.parametrize("size", [0x7FFFFFFF, 4, 9999])
def test_a_box_whose_size_makes_no_sense_is_not_read(size: int, tmp_path: Path) -> None:
    made = tmp_path / "boxes.mp4"
    made.write_bytes(box(b"ftyp", b"isom") + struct.pack(">I4s", size, b"moov") + bytes(100))
    assert read_boxes(made) == Boxes()


def test_a_file_that_is_no_mp4_has_no_boxes(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"\x1a\x45\xdf\xa3" + bytes(100))
    assert read_boxes(other) == Boxes()


@given(junk=st.binary(max_size=200), at=st.integers(0, 400))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_boxes_of_any_bytes_are_read_without_an_error(junk: bytes, at: int, tmp_path: Path) -> None:
    whole = box(b"ftyp", b"isom") + box(
        b"moov", box(b"mvhd", bytes(100)) + box(b"trak", box(b"edts", box(b"elst", bytes(40))))
    )
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(whole[:at] + junk + whole[at:])
    read_boxes(broken)
