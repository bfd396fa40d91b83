"""Provenance: what the container says of itself. All of it can be written or removed, so it weighs little."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import av

from analyzer_contract import DetectorReport, Finding
from analyzer_kit.analysis import Caps
from analyzer_kit.media.container import moving_picture, opened
from video_analyzer.boxes import Boxes, read_boxes
from video_analyzer.detector import VideoDetector
from video_analyzer.reading import VideoReading

_EDITORS = (
    "adobe", "after effects", "avid", "camtasia", "capcut", "clipchamp", "davinci", "filmora", "final cut", "imovie",
    "inshot", "kdenlive", "kinemaster", "openshot", "pitivi", "premiere", "shotcut", "vegas", "videoleap",
)  # fmt: skip
_GENERATORS = (
    "comfyui", "d-id", "deepfacelab", "facefusion", "heygen", "hailuo", "kling ai", "luma dream", "openai", "pika labs",
    "roop", "runwayml", "stable diffusion", "stable video", "synthesia",
)  # fmt: skip
_TAGS = ("encoder", "software", "com.apple.quicktime.software", "comment", "description", "handler_name", "writer",
         "encoded_by", "tool", "com.apple.proapps.share.id", "title")  # fmt: skip
_LONGEST_TAG = 100
_PACKET_BYTES = 4096
_X26X = re.compile(rb"x26[45] (?:- core|\(build) ?\d+")
"""The encoders x264 and x265 sign the first frame (an unregistered SEI message)."""

_LATER = 86_400
_FACT, _CHANGED, _EDITOR, _GENERATOR = 0, 10, 25, 40
"""Scores: all below what is Suspicious."""


@dataclass(frozen=True)
class Tags:
    """What the streams and the container are labelled with."""

    labels: tuple[str, ...]
    signature: str


class Provenance(VideoDetector):
    """Facts (score 0) and weak hints about how the file was made."""

    name = "Provenance"
    id = "video.provenance"
    limitations = (
        "Tags can be written and removed by anybody, and every messenger encodes anew: neither is evidence of a fake.",
    )

    def detect(self, reading: VideoReading) -> DetectorReport:
        """Return the report on one recording; its header is read again, and nothing decoded.

        Raises:
            AnalysisError: as when it was decoded.
        """
        if reading.recording is None:
            return self.report(0)
        return self.report_on(reading.recording, reading.caps, reading.facts.duration_seconds)

    def report_on(self, recording: Path, caps: Caps, seconds: float) -> DetectorReport:
        """Return the report on one file.

        Args:
            recording: that was analysed.
            caps: it is opened with them again.
            seconds: its length.
        """
        hints = [*_of_boxes(read_boxes(recording)), *_of_tags(_read_tags(recording, caps))]
        findings = [
            Finding(kind=kind, start_seconds=0, end_seconds=round(seconds, 3), score=score, message=message[:300])
            for kind, score, message in hints
        ]
        return self.report(max((finding.score for finding in findings), default=0), findings)


def _of_boxes(boxes: Boxes) -> Iterable[tuple[str, int, str]]:
    several = [edits for edits in boxes.edits if len(edits) > 1]
    if several:
        yield (
            "EditList",
            _CHANGED,
            (
                f"A track is put together from {max(map(len, several))} stretches by an edit list: "
                "parts of what is stored are not shown."
            ),
        )
    if boxes.created and boxes.modified - boxes.created > _LATER:
        days = (boxes.modified - boxes.created) / _LATER
        yield (
            "ModifiedLater",
            _CHANGED,
            (f"The file says that it was made on {_date(boxes.created)} and changed {days:.0f} days later."),
        )


def _of_tags(tags: Tags) -> Iterable[tuple[str, int, str]]:
    for kind, score, names, what in (
        ("GeneratorTag", _GENERATOR, _GENERATORS, "a program that makes or swaps pictures"),
        ("EditingSoftware", _EDITOR, _EDITORS, "a program for editing"),
    ):
        label = next((label for label in tags.labels if _names(label, names)), None)
        if label is not None:
            yield kind, score, f"A tag names {what}: {label!r}."
    encoders = [label for label in tags.labels if re.match(r"(Lavf|Lavc|HandBrake|x26[45])", label)]
    if tags.signature or encoders:
        named = tags.signature or encoders[0]
        yield (
            "SoftwareEncoder",
            _FACT,
            (f"It was encoded by software ({named}), as messengers and converters do: not straight from a camera."),
        )


def _names(label: str, names: Iterable[str]) -> bool:
    return any(re.search(rf"(?<![a-z]){re.escape(name)}(?![a-z])", label.lower()) for name in names)


def _read_tags(recording: Path, caps: Caps) -> Tags:
    with opened(recording, caps) as container:
        picture = moving_picture(container)
        labels = [
            _clean(value)
            for metadata in (container.metadata, *(stream.metadata for stream in container.streams))
            for key, value in metadata.items()
            if key.lower() in _TAGS
        ]
        signature = b""
        try:
            packet = next(container.demux(picture), None)
            head = bytes(packet)[:_PACKET_BYTES] if packet is not None and packet.size else b""
            match = _X26X.search(head)
            signature = match.group() if match else b""
        except av.FFmpegError:  # it was decoded before: the tags remain
            pass
        return Tags(tuple(dict.fromkeys(labels)), signature.decode("ascii"))


def _clean(label: str) -> str:
    return "".join(char for char in label if char.isprintable())[:_LONGEST_TAG]


def _date(seconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
    except (OverflowError, ValueError, OSError):
        return "a day that no calendar has"
