"""Labels of generators, editors and messengers: told as facts, in each container, and never as evidence."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from analyzer_contract import Finding
from analyzer_kit.analysis import Caps
from analyzer_kit.media.front import front_of
from analyzer_kit.provenance.labels import findings_on
from analyzer_kit.provenance.marks import MARKS
from analyzer_kit.provenance.store import places_of
from tests.support.media.checksums import checksum
from tests.support.media.samples import ffmpeg

AIGC = json.dumps({"Label": "1", "ContentProducer": "maker", "ProduceID": "7"})
WORKFLOW = json.dumps({"3": {"class_type": "KSampler", "inputs": {}}})
IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def sound(target: Path, *options: str) -> Path:
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "sine=440:duration=0.2",
        "-fflags",
        "+bitexact",
        "-flags",
        "+bitexact",
        *options,
        str(target),
    )
    return target


def said_of(recording: Path) -> dict[str, str]:
    findings = findings_on(recording, front_of(recording, Caps()), places_of(recording), 1.0)
    assert all(finding.score == 0 for finding in findings)
    return {finding.kind: finding.message for finding in findings}


@pytest.mark.parametrize(
    ("form", "label", "kind"),
    [
        ("mp3", "comment=made with suno; created=2026-01-01T00:00:00Z; id=7", "GeneratorTag"),
        ("mp3", f"AIGC={AIGC}", "DeclaredLabel"),
        ("ogg", f"AIGC={AIGC}", "DeclaredLabel"),
        ("flac", "description=made with suno studio; id=7", "GeneratorTag"),
        ("mkv", f"prompt={WORKFLOW}", "GeneratorTag"),
        ("mp4", f"comment={json.dumps({'prompt': WORKFLOW})}", "GeneratorTag"),
        ("mp4", "description=a cat Steps: 20, Sampler: Euler", "GeneratorTag"),
        ("m4a", "comment=ElevenLabs", "GeneratorTag"),
        ("wav", "comment=Adobe Audition", "EditingSoftware"),
        ("wav", "title=Viva Las Vegas, by Synthesia", None),
        ("mp3", f"AIGC={AIGC.replace('1', '2', 1)}", None),
        ("mp4", 'aigc_info={"aigc_label_type":1}', "DeclaredLabel"),
        ("mp4", 'aigc_info={"aigc_label_type": 2, "source_info": null}', "DeclaredLabel"),
        ("mp4", 'aigc_info={"aigc_label_type":0}', None),
        ("mp4", 'comment={"aigc_label_type":1}', None),
        ("mp3", "comment=The loopy trooper made with sunoco", None),
    ],
)
def test_a_mark_is_told_in_every_container(form: str, label: str, kind: str | None, tmp_path: Path) -> None:
    recording = sound(tmp_path / f"labelled.{form}", "-metadata", label, "-movflags", "use_metadata_tags")
    assert set(said_of(recording)) - {"SoftwareEncoder"} == ({kind} if kind else set())


def _riff(content: bytes) -> bytes:
    return content[:4] + struct.pack("<I", len(content) - 8) + content[8:]


@pytest.mark.parametrize("name", [b"_PMX", b"XMP "])
@pytest.mark.parametrize(
    ("xmp", "labelled"),
    [
        (
            f"<x:xmpmeta><i:DigitalSourceType>{IPTC}trainedAlgorithmicMedia</i:DigitalSourceType>",
            True,
        ),
        (f'<x:xmpmeta><rdf:D Iptc4xmpExt:DigitalSourceType="{IPTC}compositeWithTrainedAlgorithmicMedia"/>', True),
        (f'<x:xmpmeta><rdf:D Iptc4xmpExt:DigitalSourceType="{IPTC}digitalCapture"/>', False),
        ("<x:xmpmeta><rdf:D TC260:AIGC='{&quot;Label&quot;:&quot;1&quot;}'/>", True),
    ],
)
def test_a_declaration_in_xmp_is_told(name: bytes, xmp: str, labelled: bool, tmp_path: Path) -> None:
    recording, body = sound(tmp_path / "plain.wav"), xmp.encode() + b" " * (len(xmp) % 2)
    recording.write_bytes(_riff(recording.read_bytes() + name + struct.pack("<I", len(body)) + body))
    assert ("DeclaredLabel" in said_of(recording)) is labelled


def _ogg_page(head: bytes, packet: bytes) -> bytes:
    """Return an Ogg page with another packet, which makes its check sum another one (RFC 3533, 6)."""
    page = bytearray(head[:22] + bytes(4) + bytes([1, len(packet)]) + packet)
    page[22:26] = struct.pack("<I", checksum(page, 0))
    return bytes(page)


@pytest.mark.parametrize(("vendor", "told"), [(b"WhatsApp", True), (b"Recorder", False)])
def test_a_voice_message_is_told_by_who_wrote_its_comments(vendor: bytes, told: bool, tmp_path: Path) -> None:
    recording = sound(tmp_path / "voice.ogg", "-c:a", "libopus")
    first, second, third, *rest = (b"OggS" + page for page in recording.read_bytes().split(b"OggS")[1:])
    tags = b"OpusTags" + struct.pack("<I", len(vendor)) + vendor + bytes(4)
    recording.write_bytes(b"".join([first, _ogg_page(second, tags), third, *rest]))
    assert ("MessengerTrace" in said_of(recording)) is told


def test_every_entry_of_the_table_says_where_it_is_known_from() -> None:
    assert all(mark.source and mark.strength and mark.name for mark in MARKS)


def test_a_finding_holds_no_more_than_the_wire_takes(tmp_path: Path) -> None:
    recording = sound(tmp_path / "long.mp3", "-metadata", f"comment=made with suno {'x' * 5000}\u202e")
    findings = findings_on(recording, front_of(recording, Caps()), places_of(recording), 1.0)
    (finding,) = (finding for finding in findings if finding.kind == "GeneratorTag")
    assert isinstance(finding, Finding)
    assert len(finding.message) <= 300
    assert "\u202e" not in finding.message
