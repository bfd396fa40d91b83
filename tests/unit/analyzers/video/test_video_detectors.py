"""The video detectors, on frames drawn here; what encoding does to them is tested with real media."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analyzer_contract import DetectorReport
from tests.support.media.scene import Shots
from video_analyzer import copies
from video_analyzer.copies import Copy, find_copies
from video_analyzer.detectors import freezes
from video_analyzer.detectors.cuts import SceneCuts
from video_analyzer.detectors.drops import DroppedFrames
from video_analyzer.detectors.duplicates import DuplicatedFrames, LoopedFrames
from video_analyzer.detectors.freezes import FrozenFrames
from video_analyzer.jumps import Jump
from video_analyzer.motion import Motion, MotionMeter
from video_analyzer.reading import read_frames
from video_analyzer.seams import judge, seam_at

Gray = NDArray[np.uint8]
SIX_FRAMES = 6
STEADY = Shots(120, seed=5)
OTHER = Shots(60, seed=6, pan=0)
STILL = Shots(60, seed=7, pan=0, speed=0)


def motion_of(frames: Iterable[Gray]) -> Motion:
    meter = MotionMeter()
    for index, frame in enumerate(frames):
        meter.add(index / 25, frame)
    return meter.result()


def freezes_in(frames: Iterable[Gray], begins: tuple[int, ...] = (0,)) -> DetectorReport:
    return FrozenFrames().detect(read_frames(frames, FrozenFrames.meters, begins=begins))


def report_drops(motion: Motion, seams: list[int]) -> DetectorReport:
    return DroppedFrames().report_on(motion, seams)


def report_copies(motion: Motion) -> tuple[DetectorReport, DetectorReport]:
    judged = judge(find_copies(motion.thumbs), motion)
    return DuplicatedFrames().report_on(judged, motion.times), LoopedFrames().report_on(judged, motion.times)


def kinds(frames: Sequence[Gray]) -> set[str]:
    motion = motion_of(frames)
    reports = [freezes_in(frames), report_drops(motion, []), *report_copies(motion)]
    return {finding.kind for report in reports for finding in report.findings}


def faded(frames: list[Gray], first: float, last: float) -> list[Gray]:
    levels = np.linspace(first, last, len(frames))
    return [(frame * level).astype(np.uint8) for frame, level in zip(frames, levels, strict=True)]


@pytest.mark.parametrize(
    ("what", "frames"),
    [
        ("a pan", lambda: STEADY),
        ("a tripod with things that move", lambda: OTHER),
        ("a still scene", lambda: STILL),
        ("a hard cut", lambda: [*STEADY[:50], *OTHER]),
        ("a cut to a still picture", lambda: [*STEADY[:50], *STILL]),
        (
            "a fade to black and back",
            lambda: faded(STEADY[:40], 1, 0) + [0 * STEADY[0]] * 20 + faded(STEADY[40:80], 0, 1),
        ),
        ("a flash", lambda: [*STEADY[:50], np.minimum(STEADY[50], 165) + 90, *STEADY[51:]]),
        ("a lamp", lambda: STEADY[:50] + [(frame * 0.6).astype(np.uint8) for frame in STEADY[50:]]),
        ("a black picture", lambda: [0 * STEADY[0]] * 60),
        ("one frame", lambda: STEADY[:1]),
        ("no frame", list),
    ],
)
def test_what_cameras_and_honest_editors_do_is_no_evidence(what: str, frames: Callable[[], Sequence[Gray]]) -> None:
    assert kinds(frames()) == set(), what


@given(start=st.integers(10, 60), length=st.integers(SIX_FRAMES + 2, 30), gap=st.integers(0, 20))
@settings(max_examples=15, deadline=None)
def test_a_copied_stretch_is_found_in_its_place(start: int, length: int, gap: int) -> None:
    at = start + length + gap
    motion = motion_of(STEADY[:at] + STEADY[start : start + length] + STEADY[at:])
    copy, *_ = find_copies(motion.thumbs).found
    assert abs(copy.second - at) <= SIX_FRAMES
    assert abs(copy.second + copy.frames - at - length) <= SIX_FRAMES
    assert abs(copy.first - start) <= SIX_FRAMES


@pytest.mark.parametrize(("length", "times"), [(10, 3), (25, 2)])
def test_a_loop_is_one_finding_from_its_first_repeat_to_its_last(length: int, times: int) -> None:
    stretch = STEADY[40 : 40 + length]
    motion = motion_of(STEADY[: 40 + length] + stretch * times + STEADY[40 + length :])
    duplicated, looped = report_copies(motion)
    assert duplicated.findings == []
    assert len(looped.findings) == 1
    assert abs(looped.findings[0].start_seconds * 25 - 40 - length) <= SIX_FRAMES
    assert abs(looped.findings[0].end_seconds * 25 - 40 - length * (times + 1)) <= SIX_FRAMES


def test_a_loop_that_was_seen_in_pieces_is_one_and_copies_out_of_step_stay_two() -> None:
    pieces = [Copy(48, 84, 48, 0.4), Copy(64, 136, 53, 0.3)]
    assert copies._chained(pieces) == [Copy(48, 84, 105, 0.3)]
    others = [Copy(10, 84, 48, 0.3), Copy(20, 140, 30, 0.4)]
    assert copies._chained(others) == others


def test_a_copy_in_a_block_of_its_own_is_found_too() -> None:
    frames = Shots(700, seed=5)[:]
    motion = motion_of(frames + frames[100:130])
    assert [abs(copy.first - 100) <= SIX_FRAMES for copy in find_copies(motion.thumbs).found] == [True]


def test_a_cut_is_listed_as_a_fact_without_a_score() -> None:
    motion = motion_of([*STEADY[:50], *OTHER])
    report = SceneCuts().report_on(motion.jumps, motion.times)
    assert [(round(finding.end_seconds * 25), finding.score) for finding in report.findings] == [(50, 0)]
    assert report.score == 0


def test_where_a_stretch_was_not_read_nothing_is_said_to_be_missing() -> None:
    meter = MotionMeter()
    for index, frame in enumerate(STEADY[:50] + STEADY[85:]):
        meter.add(index / 25, frame, begins=index == 50)
    assert meter.result().jumps == []
    assert meter.result().begins == (0, 50)


@given(at=st.integers(20, 60), length=st.integers(SIX_FRAMES + 2, 30))
@settings(max_examples=15, deadline=None)
def test_a_frozen_moment_is_found_in_its_place(at: int, length: int) -> None:
    report = freezes_in(STEADY[: at + 1] + [STEADY[at]] * length + STEADY[at + 1 :])
    assert len(report.findings) == 1
    assert abs(report.findings[0].start_seconds * 25 - at) <= SIX_FRAMES
    assert abs(report.findings[0].end_seconds * 25 - at - length) <= SIX_FRAMES
    assert report.score >= 50


def test_a_frozen_moment_that_the_encoder_improves_midway_is_one() -> None:
    better = STEADY[50].copy()
    better[::2, : better.shape[1] // 8] += 1
    (found,) = freezes_in([*STEADY[:51], *[STEADY[50]] * 6, *[better] * 6, *STEADY[51:]]).findings
    assert [found.start_seconds * 25, found.end_seconds * 25] == pytest.approx([50, 62], abs=1)


def test_a_card_that_stands_still_between_two_scenes_is_no_freeze() -> None:
    assert freezes_in([*STEADY[:50], *[OTHER[0]] * 25, *STEADY[50:100]]).score == 0


def test_nothing_is_frozen_where_one_stretch_ends_and_the_next_begins() -> None:
    frames = [*STEADY[:30], *[STEADY[29]] * 5, *[STEADY[29]] * 5, *STEADY[30:60]]
    assert freezes_in(frames, begins=(0, 35)).findings == []


def test_a_few_frames_shown_twice_by_frame_rate_conversion_are_no_freeze() -> None:
    slowed = [frame for index, frame in enumerate(STEADY) for frame in [frame] * (2 if index % 5 == 0 else 1)]
    assert freezes_in(slowed).findings == []


@pytest.mark.parametrize("at", [50, 60])
@pytest.mark.parametrize("length", [25, 35])
def test_a_missing_stretch_is_found_in_its_place(at: int, length: int) -> None:
    motion = motion_of(STEADY[:at] + STEADY[at + length :])
    report = report_drops(motion, [])
    assert [round(finding.end_seconds * 25) for finding in report.findings] == [at]
    assert report.score >= 50


def test_where_a_copy_begins_nothing_is_said_to_be_missing() -> None:
    motion = motion_of(STEADY[:80] + STEADY[50:])
    assert report_drops(motion, [80]).findings == []


def test_frames_that_change_their_size_midway_are_still_compared() -> None:
    smaller = [frame[: frame.shape[0] // 2, : frame.shape[1] // 2] for frame in STEADY[60:]]
    assert motion_of(STEADY[:60] + smaller).times.size == len(STEADY)


def test_two_missing_frames_are_seen_where_nothing_else_leaps() -> None:
    motion = motion_of(STEADY[:60] + STEADY[62:])
    report = report_drops(motion, [])
    assert [round(finding.end_seconds * 25) for finding in report.findings] == [60]


@pytest.mark.parametrize(("far", "found"), [(1.7, True), (0.9, False)])
def test_a_leap_that_others_nearly_reach_two_seconds_away_is_a_way_to_move(far: float, found: bool) -> None:
    jump = Jump(60, change_ratio=2.4, flow=5, flow_around=1, residual=0.5, likeness=0.9, strongest=90, far_ratio=far)
    none = np.zeros((120, 1), dtype=np.float32)
    motion = Motion(np.arange(120) / 25, none, none, none, [jump])
    assert bool(report_drops(motion, []).findings) is found


def test_a_cut_nearby_does_not_hide_a_missing_stretch() -> None:
    motion = motion_of(STEADY[:40] + STEADY[70:100] + OTHER[:40])
    report = report_drops(motion, [])
    assert [round(finding.end_seconds * 25) for finding in report.findings] == [40]
    assert [round(cut.end_seconds * 25) for cut in SceneCuts().report_on(motion.jumps, motion.times).findings] == [70]


def test_leaps_of_a_stretch_that_was_not_read_on_are_not_compared() -> None:
    meter = MotionMeter()
    for index, frame in enumerate(STEADY[:30] + STEADY[90:] + STEADY[:40] + STEADY[42:80]):
        meter.add(index / 25, frame, begins=index == 60)
    first, second = meter.result().jumps
    assert (first.frame, second.frame) == (30, 100)
    assert second.far_ratio == pytest.approx(second.change_ratio, rel=0.5)


def test_a_copy_begins_where_it_begins_although_the_encoder_made_its_beginning_worse() -> None:
    worse = [np.clip(frame.astype(int) + 6, 0, 255).astype(np.uint8) for frame in STEADY[30:40]]
    (copy,) = find_copies(motion_of(STEADY[:70] + worse + STEADY[40:60] + STEADY[70:]).thumbs).found
    assert [copy.first, copy.second + copy.frames] == pytest.approx([30, 100], abs=2)


def duplicated(frames: list[Gray]) -> DetectorReport:
    return report_copies(motion_of(frames))[0]


def test_a_copy_after_a_quick_movement_is_found_since_its_original_leaps_nowhere() -> None:
    quick = [STEADY[at] for at in (60, 64, 68, 72, 77, 82, 86, 90)]
    report = duplicated(STEADY[:60] + quick + STEADY[30:55] + STEADY[90:])
    assert report.score >= 50
    assert abs(report.findings[0].start_seconds * 25 - 68) <= SIX_FRAMES


def test_a_cut_at_two_places_hides_no_copy() -> None:
    scene, other = STEADY[:60], OTHER
    report = duplicated([*scene, *other[:20], *scene[15:45], *other[20:]])
    assert report.score >= 50
    assert abs(report.findings[0].start_seconds * 25 - 80) <= SIX_FRAMES


def motion_with(thumbs: NDArray[np.float32], leaps: NDArray[np.float32]) -> Motion:
    count = leaps.size
    return Motion(np.arange(count) / 25, thumbs, leaps, leaps, [], pictures=np.arange(count))


def test_a_seam_is_not_compared_with_the_other_seams_of_its_loop() -> None:
    leaps = np.full(100, 0.8, dtype=np.float32)
    leaps[[50, 56, 62]] = 3.0
    motion = motion_with(np.zeros((100, 880), dtype=np.float32), leaps)
    assert not seam_at(motion, 50, 44).clear
    assert seam_at(motion, 50, 44, others=[56, 62]).clear


@pytest.mark.parametrize(("frames", "residual", "edits"), [(8, 0.8, 1), (8, 1.2, 0), (30, 1.2, 1)])
def test_a_third_of_a_second_is_a_copy_only_if_it_differs_less_than_the_scene_moves(
    frames: int, residual: float, edits: int
) -> None:
    leaps = np.full(200, 0.6, dtype=np.float32)
    leaps[100] = 3.0
    copy = Copy(40, 100, frames, 0.58, residual)
    judged = judge(copies.Copies([copy], 0.58, []), motion_with(np.zeros((200, 880), dtype=np.float32), leaps))
    assert len(judged.edits) == edits


@pytest.mark.parametrize(("start", "score"), [(8.0, 50), (0.4, 0)])
def test_a_faint_copy_counts_only_if_it_begins_with_a_leap(start: float, score: int) -> None:
    leaps = np.full(100, 0.5, dtype=np.float32)
    leaps[60] = start
    faint = Copy(20, 60, 20, 0.65, 0.8)
    judged = judge(copies.Copies([], 0.65, [faint]), motion_with(np.zeros((100, 880), dtype=np.float32), leaps))
    assert max((finding.score for finding in DuplicatedFrames().report_on(judged, np.arange(100) / 25).findings),
               default=0) == score  # fmt: skip


def test_a_key_frame_that_shows_a_frozen_picture_anew_is_no_movement() -> None:
    leaps = np.full(40, 3.0, dtype=np.float32)
    leaps[10:30] = 0.01
    leaps[[12, 13, 18, 19, 24, 25]] = 0.14
    assert freezes._stillness(leaps, 10, 30, []) == pytest.approx(0.14)
    assert freezes._stillness(leaps, 10, 30, [12, 18, 24]) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("on", "least", "next_one"),
    [(1.4, 2.5, True), (1.4, 1.5, False), (3.0, 9.0, False)],
    ids=["one step, and others are farther", "others are as near", "more than one step"],
)
def test_a_picture_after_a_freeze_is_the_next_one_or_a_later_one(on: float, least: float, *, next_one: bool) -> None:
    leaps = np.full(60, 1.5, dtype=np.float32)
    motion = motion_with(np.zeros((60, 880), dtype=np.float32), leaps)
    assert freezes._goes_on_next(motion, 20, 40, on, least) is next_one
