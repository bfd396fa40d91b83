"""What connections and encoders do where a picture stands is no evidence."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.analyzers.pictures import (
    MOVING,
    OTHER,
    Gray,
    coarse,
    facts_of,
    improving,
    mixed,
    read,
    reports,
    timed,
)
from video_analyzer.copies import Copies, Copy
from video_analyzer.detectors import freezes
from video_analyzer.motion import Motion
from video_analyzer.seams import judge


@pytest.mark.parametrize("lost", [3, 10, 30])
def test_frames_that_never_came_by_their_time_stamps(lost: int) -> None:
    kept = [*range(60), *range(60 + lost, 150)]
    reading = timed([MOVING[at] for at in kept], [at / 25 for at in kept])
    assert facts_of(reading) == {"StalledPicture"}
    unstamped = reports(read(MOVING[at] for at in kept))
    assert unstamped["DroppedFrames"].score >= 50


@pytest.mark.parametrize("seconds", [0.2, 1.0])
def test_a_connection_that_stalls_and_then_shows_what_is_new(seconds: float) -> None:
    stood = round(25 * seconds)
    assert facts_of(read([*MOVING[:60], *[MOVING[59]] * stood, *MOVING[60 + stood : 150]])) == {"StalledPicture"}


@pytest.mark.parametrize("improved", [(17, 18), (9, 10, 18), (19,)])
def test_a_stall_is_one_although_the_encoder_improves_the_picture_that_stands(improved: Sequence[int]) -> None:
    shot, steps = MOVING[59], len(improved)
    halves = [cv2.addWeighted(coarse(shot), 1 - step / steps, shot, step / steps, 0) for step in range(steps + 1)]
    stood = [np.asarray(halves[sum(at >= when for when in improved)], dtype=np.uint8) for at in range(20)]
    found = facts_of(read([*MOVING[:59], *stood, *MOVING[79:150]]))
    assert found == {"StalledPicture"}


@pytest.mark.parametrize("shares", [(0.05, 0.1), (0.15, 0.3), (0.2,)])
@pytest.mark.parametrize("goes_on", [36, 48])
def test_a_stall_into_whose_last_frames_the_next_picture_is_mixed(goes_on: int, shares: Sequence[float]) -> None:
    new = OTHER[goes_on]
    assert facts_of(read([*OTHER[:25], *[OTHER[24]] * 20, *mixed(OTHER[24], new, shares), *OTHER[goes_on:]])) <= {
        "StalledPicture"
    }


@pytest.mark.parametrize(("stood", "shares"), [(4, (0.25,)), (3, (0.1, 0.2))])
def test_a_short_stall_into_whose_last_frames_the_next_picture_is_mixed(stood: int, shares: Sequence[float]) -> None:
    goes_on = 59 + 3 * (stood + len(shares) + 1)
    frames = [*MOVING[:60], *[MOVING[59]] * stood, *mixed(MOVING[59], MOVING[goes_on], shares), *MOVING[goes_on:]]
    assert facts_of(read(frames)) <= {"StalledPicture"}


def test_a_stall_in_which_an_encoder_of_few_bits_improves_the_picture_in_every_frame() -> None:
    finer = MOVING[59].copy()
    finer[::2, :80] += 1
    improved = [finer if index % 2 else MOVING[59] for index in range(20)]
    assert facts_of(read([*MOVING[:60], *improved, *MOVING[90:]])) <= {"StalledPicture"}


@pytest.mark.parametrize("stood", [4, 6, 10])
def test_a_short_stall_in_which_an_encoder_of_few_bits_improves_the_picture(stood: int) -> None:
    goes_on = 60 + stood
    frames = [*MOVING[:60], *improving(MOVING[59], stood), *MOVING[goes_on:150]]
    assert facts_of(read(frames)) == {"StalledPicture"}


@pytest.mark.parametrize("stood", [8, 16])
def test_a_stall_in_which_an_encoder_of_few_bits_changes_single_frames_as_much_as_movement_does(stood: int) -> None:
    goes_on = 60 + stood
    frames = [*MOVING[:60], *improving(MOVING[59], stood, strength=4), *MOVING[goes_on:150]]
    assert facts_of(read(frames)) == {"StalledPicture"}


@pytest.mark.parametrize("shares", [(0.2,), (0.1, 0.15)])
def test_the_same_where_the_next_picture_is_mixed_into_the_last_frames(shares: Sequence[float]) -> None:
    goes_on = 60 + 12 + len(shares)
    stalled = [*improving(MOVING[59], 12, strength=4), *mixed(MOVING[59], MOVING[goes_on], shares)]
    assert facts_of(read([*MOVING[:60], *stalled, *MOVING[goes_on:150]])) <= {"StalledPicture"}


@pytest.mark.parametrize(("stood", "slower"), [(6, 10), (8, 20), (10, 40)])
def test_a_short_stall_before_which_the_scene_moves_and_after_which_it_is_quiet(stood: int, slower: int) -> None:
    """An encoder of few bits changes the picture that stands as much as the quiet scene changes after it."""
    goes_on = 60 + stood
    steps = (divmod(at, slower) for at in range(60))
    quiet = [mixed(MOVING[goes_on + whole], MOVING[goes_on + whole + 1], [part / slower])[0] for whole, part in steps]
    frames = [*MOVING[:60], *improving(MOVING[59], stood, strength=3), *quiet, *MOVING[goes_on + 60 // slower : 150]]
    assert facts_of(read(frames)) <= {"StalledPicture"}


@pytest.mark.parametrize(("slower", "stood", "strength"), [(4, 4, 6), (6, 4, 4), (6, 7, 6), (8, 7, 4)])
def test_a_short_stall_of_a_quiet_scene_that_changes_no_more_than_its_encoder_changes_it(
    slower: int, stood: int, strength: float
) -> None:
    steps = (divmod(at, slower) for at in range(180))
    quiet = [mixed(MOVING[whole], MOVING[whole + 1], [part / slower])[0] for whole, part in steps]
    frames = [*quiet[:60], *improving(quiet[59], stood, strength), *quiet[60 + stood :]]
    assert facts_of(read(frames)) <= {"StalledPicture"}


@pytest.mark.parametrize("stood", [8, 12, 30])
def test_one_of_several_people_in_a_call_who_stalls_while_the_others_go_on(stood: int) -> None:
    def tile(number: int) -> Gray:
        return np.asarray(cv2.resize(MOVING[number], (120, 68)), dtype=np.uint8)

    frames = []
    for at in range(120):
        one, other, third = tile(at), tile(min(at + 60, 199)), tile(199 - at)
        stalled = tile(50 if 50 <= at < 50 + stood else at)
        frames.append(np.vstack([np.hstack([one, stalled]), np.hstack([other, third])]))
    assert facts_of(read(frames)) <= {"StalledPicture"}


def leaping(leaps: NDArray[np.float32]) -> Motion:
    thumbs = np.zeros((leaps.size, 880), dtype=np.float32)
    return Motion(np.arange(leaps.size) / 25, thumbs, leaps, leaps, [], pictures=np.arange(leaps.size))


@pytest.mark.parametrize(("between", "edits"), [(0.05, 0), (0.5, 1)])
def test_a_picture_that_stands_and_is_renewed_at_even_distances_is_no_loop(between: float, edits: int) -> None:
    leaps = np.full(100, between, dtype=np.float32)
    leaps[[20, 21, 30, 31]] = 4.2
    loop = Copy(11, 21, 19, 0.54, 1.25)
    assert len(judge(Copies([loop], 0.54, []), leaping(leaps)).edits) == edits


@pytest.mark.parametrize(("keys", "edits"), [((0, 40, 80), 0), ((0, 60), 1), (tuple(range(100)), 1)])
def test_a_quiet_picture_that_key_frames_renew_is_no_loop(keys: Sequence[int], edits: int) -> None:
    leaps = np.full(100, 0.3, dtype=np.float32)
    leaps[40] = 3.0
    loop = Copy(0, 40, 60, 0.5, 0.9)
    assert len(judge(Copies([loop], 0.5, []), leaping(leaps), keys).edits) == edits


@pytest.mark.parametrize(("mixed_in", "end"), [((0.42, 0.5), 62), ((0.8, 1.2), 60)])
def test_frames_into_which_an_encoder_mixes_the_next_picture_belong_to_a_stall(
    mixed_in: Sequence[float], end: int
) -> None:
    leaps = np.full(100, 2.0, dtype=np.float32)
    leaps[50:60] = 0.01
    leaps[60:63] = [*mixed_in, 4.6]
    assert freezes._improved(leaping(leaps), 50, 60) == end


def test_what_leaps_farther_than_it_moves_in_a_pause_stays_evidence() -> None:
    frames = [*MOVING[:60], *improving(MOVING[59], 4), *MOVING[80:150]]
    assert reports(read(frames))["DroppedFrames"].score >= 50


def test_a_stall_of_a_tenth_of_a_second_at_many_frames_a_second() -> None:
    frames = [*MOVING[:60], *[MOVING[59]] * 9, *MOVING[60:]]
    assert facts_of(timed(frames, [index / 60 for index in range(len(frames))])) <= {"StalledPicture"}


def test_a_call_of_few_pictures_that_stalls_and_catches_up() -> None:
    frames: list[Gray] = []
    for at in range(0, 150, 2):
        frames += [coarse(MOVING[at]), *[MOVING[at]] * (20 if at == 80 else 1 + at % 3)]
    assert facts_of(read(frames)) <= {"StalledPicture"}


def test_a_frozen_stretch_after_which_the_scene_goes_on_from_where_it_was_stays_evidence() -> None:
    assert reports(read([*MOVING[:60], *[MOVING[59]] * 25, *MOVING[60:150]]))["FrozenFrames"].score >= 50
