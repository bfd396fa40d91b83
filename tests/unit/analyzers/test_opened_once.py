"""A recording is opened once, and looked through once, for its sound or picture and for all that it says of itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from analyzer_contract import DetectorReport
from analyzer_kit.analysis import Assessment, Caps, Models, Trust
from analyzer_kit.media import container
from analyzer_kit.media.audio import AudioReader
from analyzer_kit.media.front import Front, Opening, front_of
from analyzer_kit.media.streams import SoundHeader, read_header
from analyzer_kit.provenance import alone, store
from audio_analyzer import analysis as sound
from tests.support.media.samples import ffmpeg
from video_analyzer import analysis as picture

CAPS = Caps(threads=1)
NOISE = ("-f", "lavfi", "-i", "anoisesrc=duration=3:r=48000:amplitude=0.2:seed=1")
CARD = ("-f", "lavfi", "-i", "testsrc2=size=160x96:rate=25:duration=3")
BOTH = (*NOISE, *CARD, "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
LABEL = ("-metadata", "comment=made with suno; x")
LATE = ("-itsoffset", "2")
"""The first picture comes after 94 packets of sound then; in MP4 they are written side by side all the same."""

FORMS = {
    "sound.wav": NOISE,
    "sound.mp3": NOISE,
    "sound.ogg": NOISE,
    "sound.flac": NOISE,
    "clip.mp4": BOTH,
    "clip.mkv": BOTH,
    "fragments.mp4": (*BOTH, "-movflags", "frag_keyframe+empty_moov", "-g", "12"),
}


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often FFmpeg opened a file, and how often its boxes or chunks were walked through for what it says."""
    counts = {"opened": 0, "walked": 0}

    def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            counts[name] += 1
            return function(*arguments)

        return call

    monkeypatch.setattr(container, "_open", counting("opened", container._open))
    monkeypatch.setattr(store, "_places", counting("walked", store._places))
    return counts


def made(folder: Path, name: str, options: tuple[str, ...]) -> Path:
    ffmpeg(*options, *LABEL, str(folder / name))
    return folder / name


def analysed(by: Callable[..., Assessment], recording: Path) -> dict[str, DetectorReport]:
    assessment = by(recording, recording.with_suffix(".png"), CAPS, lambda _stage, _share: None)
    return {report.name: report for report in assessment.detectors}


def told(reports: dict[str, DetectorReport]) -> dict[str, str]:
    return {finding.kind: finding.message for finding in reports["Provenance"].findings}


@pytest.mark.parametrize("name", FORMS)
def test_sound_is_opened_and_looked_through_once(name: str, tmp_path: Path, counted: dict[str, int]) -> None:
    recording = made(tmp_path, name, FORMS[name])
    said = told(analysed(sound.analyze, recording))
    assert counted == {"opened": 1, "walked": 1}
    assert said.keys() - {"GeneratorTag"} == {"SoftwareEncoder"}
    assert ("x264" in said["SoftwareEncoder"]) is (FORMS[name][: len(BOTH)] == BOTH)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "fragments.mp4"])
def test_a_picture_is_opened_and_looked_through_once(name: str, tmp_path: Path, counted: dict[str, int]) -> None:
    said = told(analysed(picture.analyze, made(tmp_path, name, FORMS[name])))
    assert counted == {"opened": 1, "walked": 1}
    assert "x264" in said["SoftwareEncoder"]


def test_a_file_that_is_only_asked_what_it_says_is_opened_once(tmp_path: Path, counted: dict[str, int]) -> None:
    recording = made(tmp_path, "clip.mp4", FORMS["clip.mp4"])
    alone.warm_up(CAPS, Models(), Trust())
    assert "x264" in told(analysed(alone.analyze, recording))["SoftwareEncoder"]
    assert counted == {"opened": 1, "walked": 1}


def heard(recording: Path, opening: Opening[SoundHeader] | None) -> NDArray[np.float32]:
    return np.concatenate(list(AudioReader(recording, CAPS, opening=opening).blocks()))


@pytest.mark.parametrize("form", ["mp4", "mov", "mkv", "avi", "ts"])
@pytest.mark.parametrize("late", [(), LATE], ids=["together", "the picture comes late"])
def test_what_is_heard_is_the_same_whatever_was_taken_on_the_way(
    form: str, late: tuple[str, ...], tmp_path: Path, counted: dict[str, int]
) -> None:
    recording = made(tmp_path, f"clip.{form}", (*NOISE, *late, *BOTH[len(NOISE) :]))
    plain, alone_front = heard(recording, None), front_of(recording, CAPS)
    counted["opened"] = 0
    opening = Opening(recording, CAPS, read_header)
    assert np.array_equal(heard(recording, opening), plain)
    assert opening.taken().front.labels == alone_front.labels
    assert first_picture(opening.taken().front) == first_picture(alone_front)
    assert b"x264 - core" in first_picture(alone_front)
    assert counted["opened"] == (2 if late and form in {"mkv", "avi", "ts"} else 1)


def first_picture(front: Front) -> bytes:
    assert front.picture is not None
    return front.heads[front.picture].content


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 0.8])
def test_a_recording_that_ends_before_its_picture_is_heard_as_far_as_it_reaches(share: float, tmp_path: Path) -> None:
    whole = made(tmp_path, "whole.ts", (*NOISE, *LATE, *BOTH[len(NOISE) :])).read_bytes()
    recording = tmp_path / "cut.ts"
    recording.write_bytes(whole[: int(len(whole) * share)])
    assert np.array_equal(heard(recording, Opening(recording, CAPS, read_header)), heard(recording, None))


def test_a_file_of_several_parts_is_opened_once_more_for_what_the_whole_of_it_says(
    tmp_path: Path, counted: dict[str, int]
) -> None:
    first, second = (made(tmp_path, f"{name}.ogg", (*NOISE, "-c:a", "libopus")) for name in ("first", "second"))
    recording = tmp_path / "chain.ogg"
    recording.write_bytes(first.read_bytes() + second.read_bytes())
    said = told(analysed(sound.analyze, recording))
    assert said.keys() == {"GeneratorTag", "SoftwareEncoder"}
    assert counted["opened"] == 3
