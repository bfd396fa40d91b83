"""What cameras, films and things that move in rhythm do by themselves is no evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from analyzer_kit.analysis import Caps
from tests.support.analyzers.pictures import (
    MOVING,
    OTHER,
    Gray,
    facts_of,
    improving,
    mixed,
    read,
    reports,
    timed,
)
from tests.support.media.samples import ffmpeg
from tests.support.media.scene import Scene
from video_analyzer import jumps
from video_analyzer.detectors.drops import healed
from video_analyzer.motion import Motion, MotionMeter
from video_analyzer.reading import read_frames, read_picture

SIZE = (240, 135)


@cache
def still() -> NDArray[np.float32]:
    """Return a picture without the camera's noise."""
    return Scene(7, pan=0, speed=0, noise=0).frame(0)[::2, ::2].astype(np.float32)


@pytest.mark.parametrize(("few", "many"), [(6, 30), (12, 60), (5, 30), (24, 30), (25, 60)])
def test_few_pictures_that_are_stored_at_a_higher_rate(few: int, many: int) -> None:
    shown = np.floor(np.arange(40 * many // few) * few / many) * (30 / few if few < 12 else 1)
    assert facts_of(read(MOVING[int(at) % len(MOVING)] for at in shown if at < len(MOVING))) <= {"StalledPicture"}


def test_a_picture_each_second_that_an_encoder_of_few_bits_goes_on_improving() -> None:
    shown = [0, 60, 70, 100, 180, 190]
    assert facts_of(read(frame for at in shown for frame in improving(MOVING[at], 30, 4))) <= {"StalledPicture"}


def numbered(number: int, scale: float, after: str = ".000", left: int | None = None) -> Gray:
    """Return a test card of bars with a counter in a box that is as wide as its digits."""
    bars = np.array([[190, 160, 130, 110, 90, 60, 30]], dtype=np.uint8)
    card, text = cv2.resize(bars, SIZE, interpolation=cv2.INTER_NEAREST), f"{number}{after}"
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    base = SIZE[1] // 2
    left = (SIZE[0] - width) // 2 if left is None else left
    cv2.rectangle(card, (left - 4, base - height - 4), (left + width + 4, base + 5), 0, -1)
    cv2.putText(card, text, (left, base), cv2.FONT_HERSHEY_SIMPLEX, scale, 255, 1)
    return np.asarray(card, dtype=np.uint8)


@pytest.mark.parametrize("scale", [0.5, 0.6])
def test_a_counter_that_gets_another_digit_is_no_missing_stretch(scale: float) -> None:
    found = reports(read(numbered(number, scale) for number in range(80, 140)))["DroppedFrames"]
    assert found.score < 50


@pytest.mark.parametrize(("scale", "left"), [(0.5, 60), (0.6, 20)])
def test_a_counter_whose_last_digit_comes_back_until_it_gets_another_one_is_no_loop(scale: float, left: int) -> None:
    assert facts_of(read(numbered(number, scale, "", left) for number in range(150))) <= {"RepeatedMovement"}


@pytest.mark.parametrize("noise", [0.5, 1.0, 3.0])
@pytest.mark.parametrize(("scale", "after", "left"), [(0.5, "", 60), (0.4, "", 20), (0.5, ".000", 60)])
def test_a_counter_over_noise_is_no_loop(scale: float, after: str, left: int, noise: float) -> None:
    rng = np.random.default_rng(1)
    cards = (numbered(number, scale, after, left) + rng.normal(0, noise, SIZE[::-1]) for number in range(150))
    assert facts_of(read(np.clip(card, 0, 255).astype(np.uint8) for card in cards)) <= {"RepeatedMovement"}


@pytest.mark.parametrize(
    ("sizes", "evident"),
    [
        ([900, 1100, 1000, 1600] * 30, False),
        ([], True),
        ([0] * 120, True),
        ([1000] * 60 + [2000] + [1000] * 59, True),
        ([1000] * 50 + [4000] + [1000] * 69, True),  # something was stored ahead
        ([1000] * 70 + [4000] + [1000] * 49, False),
    ],
    ids=["nothing stored", "not known", "not known of any", "stored", "stored ahead", "stored later"],
)
def test_a_leap_that_was_not_stored_is_damage_that_the_decoder_did_not_notice(
    sizes: Sequence[int], *, evident: bool
) -> None:
    kept = [*range(60), *range(70, 130)]
    reading = timed([MOVING[at] for at in kept], [number / 25 for number in range(120)], sizes=sizes)
    if evident:
        assert reports(reading)["DroppedFrames"].score >= 50
    else:
        assert facts_of(reading) == {"LeapWithoutData"}


@pytest.mark.parametrize(("codec", "known"), [(("libvpx-vp9", "-deadline", "realtime"), True), (("libx264",), False)])
def test_sizes_are_known_where_frames_are_stored_in_the_order_in_which_they_are_shown(
    codec: tuple[str, ...], tmp_path: Path, *, known: bool
) -> None:
    clip = tmp_path / "clip.mkv"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=1", "-c:v", *codec, str(clip))
    reading = read_picture(clip, Caps(), [MotionMeter], lambda _share: None)
    assert len(reading.sizes) == (25 if known else 0)
    assert all(reading.sizes)


def test_of_more_frames_a_second_as_many_more_are_compared() -> None:
    """Whoever takes a step every sixth frame takes the next one a tenth of a second later."""
    noise = np.random.default_rng(9).normal(0, 6, (120, *SIZE[::-1]))
    frames = [np.clip(MOVING[at // 6 * 6] + noise[at], 0, 255).astype(np.uint8) for at in range(120)]
    fast, slow = (
        timed(frames, [at / rate for at in range(len(frames))]).measured(MotionMeter).jumps for rate in (60, 25)
    )
    assert max(jump.change_ratio for jump in fast) < 1.5 < min(jump.change_ratio for jump in slow)


def test_slides_of_which_one_is_dissolved_into_the_next() -> None:
    frames: list[Gray] = []
    for first, second in ((MOVING[0], OTHER[0]), (OTHER[0], MOVING[150]), (MOVING[150], MOVING[0])):
        frames += [*[first] * 40, *mixed(first, second, [step / 12 for step in range(12)])]
    assert "FrozenFrames" not in facts_of(read(frames))


def swung(place: Callable[[float], float], period: float, unevenness: float, noise: float = 1.5) -> list[Gray]:
    """Return a patch that moves before a still scene; no two cycles are quite alike."""
    rng = np.random.default_rng(4)
    cycles = np.cumsum(1 / (period * (1 + unevenness * rng.standard_normal(180))))
    patch = MOVING[100][20:60, 60:110].astype(np.float32)
    frames = []
    for cycle in cycles:
        move = np.array([[1, 0, 90 + 40 * place(cycle % 1)], [0, 1, 45.0]])
        mask = cv2.warpAffine(np.ones_like(patch), move, SIZE)
        moved = cv2.warpAffine(patch, move, SIZE, borderMode=cv2.BORDER_REPLICATE)
        frame = still() + mask * (moved - still()) + rng.normal(0, noise, still().shape)
        frames.append(np.clip(frame, 0, 255).astype(np.uint8))
    return frames


@pytest.mark.parametrize(
    ("what", "place", "period", "unevenness"),
    [
        ("a rope", lambda turn: np.sin(2 * np.pi * turn), 17.3, 0.1),
        ("a pendulum", lambda turn: np.sin(2 * np.pi * turn), 24.0, 0.0),
        ("a stroke, and quickly back", lambda turn: np.interp(turn, [0, 0.85, 1], [-1, 1, -1]), 21.0, 0.05),
        ("a hammer", lambda turn: 2 * abs(np.sin(np.pi * turn)) - 1, 20.0, 0.01),
    ],
)
def test_rhythmic_movement(what: str, place: Callable[[float], float], period: float, unevenness: float) -> None:
    assert facts_of(read(swung(place, period, unevenness))) <= {"RepeatedMovement"}, what


@pytest.mark.parametrize("size", [0.8, 1.4])
def test_a_counter_of_frames_that_is_shown_in_the_picture(size: float) -> None:
    frames: list[Gray] = []
    for number in range(250):
        frame = still().astype(np.uint8)
        cv2.rectangle(frame, (10, 20), (225, 65), 40, -1)
        cv2.putText(frame, str(number), (15, 55), cv2.FONT_HERSHEY_SIMPLEX, size, 255, 2)
        frames.append(frame)
    assert facts_of(read(frames)) <= {"RepeatedMovement"}


def test_a_test_card_with_a_counter_of_seconds(tmp_path: Path) -> None:
    card = tmp_path / "card.mp4"
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc=size=320x240:duration=8",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-crf",
        "24",
        str(card),
    )
    assert facts_of(read_picture(card, Caps(), [MotionMeter], lambda _share: None)) <= {"RepeatedMovement"}


def test_a_lamp_on_mains_in_slow_motion() -> None:
    rng = np.random.default_rng(5)
    frames = [
        still() * (1 + 0.1 * np.cos(2 * np.pi * index / 12)) + rng.normal(0, 1, still().shape) for index in range(150)
    ]
    assert facts_of(read(np.clip(frame, 0, 255).astype(np.uint8) for frame in frames)) <= {"RepeatedMovement"}


def test_a_still_life_in_a_hand() -> None:
    rng = np.random.default_rng(6)
    frames = []
    for index in range(150):
        x, y = 0.6 * np.sin(index / 4.1), 0.4 * np.sin(index / 5.3)
        moved = cv2.warpAffine(still(), np.array([[1, 0, x], [0, 1, y]]), SIZE, borderMode=cv2.BORDER_REFLECT)
        frames.append(np.clip(moved + rng.normal(0, 1.5, still().shape), 0, 255).astype(np.uint8))
    assert facts_of(read(frames)) <= {"RepeatedMovement"}


def closer(frame: Gray, zoom: float) -> Gray:
    height, width = frame.shape
    high, wide = int(height / zoom), int(width / zoom)
    return np.asarray(cv2.resize(frame[:high, :wide], (width, height)), dtype=np.uint8)


@pytest.mark.parametrize(("right", "down"), [(12, 0), (-9, 5), (0, -7)])
def test_a_camera_that_is_knocked_and_then_stands_as_before(right: int, down: int) -> None:
    frames = [frame[8:127, 13:227] for frame in OTHER[:30]]
    frames += [frame[8 + down : 127 + down, 13 + right : 227 + right] for frame in OTHER[30:]]
    assert facts_of(read(np.ascontiguousarray(frame) for frame in frames)) <= {"RepeatedMovement"}


@pytest.mark.parametrize("shift", [(0, 80), (130, 0), (-121, 5)])
def test_a_camera_that_is_turned_by_more_than_half_of_its_picture_is_not_only_knocked(shift: tuple[int, int]) -> None:
    shots = (OTHER[0], OTHER[0], MOVING[0], MOVING[0])
    none = np.zeros(2, dtype=np.float32)
    assert not jumps._is_shifted(shots, np.array(shift, dtype=np.float32), [none, none])


@pytest.mark.parametrize("zoom", [1.1, 1.3, 1.6])
def test_a_film_that_shows_one_scene_from_near_and_far(zoom: float) -> None:
    frames = [closer(frame, zoom) if index // 40 % 2 else frame for index, frame in enumerate(MOVING)]
    assert facts_of(read(frames)) <= {"RepeatedMovement"}


def test_a_key_frame_that_mends_what_was_lost() -> None:
    times = np.arange(150) / 25
    lost = times + 0.2 * (np.arange(150) >= 60)
    none = np.zeros((150, 1), dtype=np.float32)
    motion = Motion(lost, none, none, none, [])
    assert healed(motion, [0, 40, 85, 130]) == [85]
    assert healed(Motion(times, none, none, none, []), [0, 40, 85, 130]) == []
    regular = list(range(0, 150, 25))
    assert healed(Motion(times, none, none, none, []), regular) == regular[1:]


def test_what_is_damaged_is_left_out_and_said(tmp_path: Path) -> None:
    whole, damaged = tmp_path / "whole.mkv", tmp_path / "damaged.mkv"
    encoder = ("-c:v", "mpeg4", "-q:v", "4", "-g", "50", "-sc_threshold", "1000000000")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=8", *encoder, str(whole))
    ffmpeg("-i", str(whole), "-c", "copy", "-bsf:v", "noise=amount=between(n\\,60\\,62)*40", str(damaged))
    reading = read_picture(damaged, Caps(threads=1), [MotionMeter], lambda _share: None)
    assert facts_of(reading) <= {"RepeatedMovement"}
    (gap,) = reading.coverage.gaps
    assert gap.startswith("The picture is damaged from 2.4 to 4.0 s")
    assert reading.coverage.share == pytest.approx(0.8, abs=0.02)
    assert read_picture(whole, Caps(threads=1), [MotionMeter], lambda _share: None).coverage.gaps == ()


def test_a_leap_is_compared_with_what_moves_beyond_a_damaged_stretch() -> None:
    """Else it would stand out where damage leaves short stretches."""
    frames = [*MOVING[:40], *MOVING[50:75], *MOVING[90:110], *MOVING[120:150]]
    alone, beside = (
        read_frames(shown, [MotionMeter], begins=(65,)).measured(MotionMeter).jumps for shown in (frames[:85], frames)
    )
    assert alone[0].frame == beside[0].frame == 40
    assert beside[0].far_ratio < 0.5 * alone[0].far_ratio
