"""Counters, clocks and what turns on a screen come back by design: that is no evidence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.analyzers.pictures import MOVING, Gray, facts_of, improving, read, reports, timed

WIDTH, HEIGHT = 320, 180
FONT = cv2.FONT_HERSHEY_SIMPLEX


def dark(noise: float, count: int, seed: int = 3) -> Iterator[NDArray[np.float64]]:
    """Yield what a camera sees at night, or with its lens covered: noise that is new in each frame."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield 25 + rng.normal(0, noise, (HEIGHT, WIDTH))


def written(picture: NDArray[np.float64], text: str, place: tuple[int, int], scale: float, *, box: bool) -> Gray:
    frame = np.clip(picture, 0, 255).astype(np.uint8)
    (width, height), _ = cv2.getTextSize(text, FONT, scale, 1)
    if box:
        cv2.rectangle(frame, (place[0] - 4, place[1] - height - 4), (place[0] + width + 4, place[1] + 5), 0, -1)
    return np.asarray(cv2.putText(frame, text, place, FONT, scale, 240, 1, cv2.LINE_AA), dtype=np.uint8)


@pytest.mark.parametrize("noise", [0.0, 1.0, 12.0])
@pytest.mark.parametrize("rate", [8, 25])
@pytest.mark.parametrize(("scale", "place"), [(0.35, (47, 170)), (0.8, (10, 20))])
def test_a_camera_at_night_that_shows_the_time(scale: float, place: tuple[int, int], rate: int, noise: float) -> None:
    """Every new year's eve, all digits change at once."""
    count = 12 * rate
    clock = (datetime(2026, 12, 31, 23, 59, 54) + timedelta(seconds=number / rate) for number in range(count))  # noqa: DTZ001 - a picture of a clock
    shown = []
    for number, (picture, now) in enumerate(zip(dark(noise, count), clock, strict=True)):
        frame = written(picture, f"{now:%Y-%m-%d %H:%M:%S}", place, scale, box=False)
        shown.append(written(frame.astype(np.float64), f"F{number:05d}", (230, 100), 0.4, box=False))
    assert facts_of(timed(shown, [number / rate for number in range(count)])) <= {"RepeatedMovement", "StalledPicture"}


def page(seed: int) -> Gray:
    rng = np.random.default_rng(seed)
    shown = np.full((HEIGHT, WIDTH), 245, dtype=np.uint8)
    for top in range(20, HEIGHT - 20, 14):
        for left in range(10, WIDTH - 40, 26):
            cv2.rectangle(shown, (left, top), (left + int(rng.integers(4, 20)), top + 4), int(rng.integers(90)), -1)
    return shown


def turning(shown: Gray, step: int, period: int) -> Gray:
    """Return a page with a dialogue of which something turns."""
    frame = cv2.rectangle(shown.copy(), (90, 40), (230, 140), 255, -1)
    for spoke in range(12):
        angle = 2 * np.pi * spoke / 12
        shade = int(245 - 200 * ((spoke - step * 12 / period) % 12) / 12)
        cv2.circle(frame, (int(160 + 24 * np.cos(angle)), int(90 + 24 * np.sin(angle))), 5, shade, -1)
    return np.asarray(frame, dtype=np.uint8)


@pytest.mark.parametrize(("period", "after"), [(20, 1), (24, 2), (36, 2)])
def test_what_turns_on_a_screen_until_a_page_is_there(period: int, after: int) -> None:
    waiting = [turning(page(1), step, period) for step in range(100)]
    assert facts_of(read([*[page(1)] * 30, *waiting, *[page(after)] * 30])) <= {"RepeatedMovement", "StalledPicture"}


def test_a_picture_that_leaps_to_one_that_stands_as_the_next_slide_does() -> None:
    assert reports(read([*MOVING[:60], *MOVING[75:150]]))["DroppedFrames"].score >= 50
    stands = [shot for shot in improving(MOVING[75], 15) for _ in range(3)]
    assert facts_of(read([*MOVING[:60], *stands])) == {"StalledPicture"}


def test_who_reads_what_is_on_a_screen_freezes_nothing() -> None:
    """A pointer moves, waits for a second, and goes on from there."""

    def pointed(at: int) -> Gray:
        place = (60 + 3 * at, 40 + int(25 * np.sin(at / 7)))
        return np.asarray(cv2.circle(page(4), place, 6, 0, -1), dtype=np.uint8)

    waited = [*range(40), *[39] * 25, *range(40, 70)]
    assert facts_of(read(pointed(at) for at in waited)) <= {"StalledPicture"}


def test_a_copy_that_ends_with_a_leap_to_where_the_scene_was_stays_evidence() -> None:
    still = [MOVING[60]] * 6
    copied = [*MOVING[:60], *still, *MOVING[20:50], *MOVING[61:150]]
    found = reports(read(copied))
    assert max(found[kind].score for kind in ("DuplicatedFrames", "LoopedFrames")) >= 50
