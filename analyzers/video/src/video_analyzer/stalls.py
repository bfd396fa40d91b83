"""StalledPicture: the picture stands, as it does by itself; a fact with score 0.

An encoder improves a picture that stands, at once or a little later: such a frame changes, but shows nothing new.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import Finding
from video_analyzer.jumps import STEPS
from video_analyzer.leaps import leap
from video_analyzer.motion import NEIGHBOURS, STILL, Motion

SHORTEST = 8
"""Frames that are equal to the last bit, at least: shorter, they are few pictures a second, or a pause."""

BLIP_FRAMES = 3
"""So many frames may change more, since the encoder improves them."""

_BLIP = 0.1
"""Share of the leap after them that such frames change by at most."""

_MIXED, _MIXED_FRAMES = (0.03, 0.35), 2
"""The same, at least and at most, of so many frames just before a leap: an encoder that predicts them from both sides
mixes the new picture into them."""

_SLOW, _SLOWER, _SLOW_FRAMES = 0.03, 3.0, 16
"""An encoder that has few bits improves a picture that stands in every frame: so many frames change by less than the
first of the leap, and so many times less than what moved before them."""

_HARDLY, _NOWHERE, _NOT_AT_ALL, _CAUGHT_UP = 0.4, 0.3, 0.1, 1.5
"""A stall of a few frames: meanwhile the picture changes from each frame to the next so many times less than what moves
before and after it; or, as an encoder of few bits may change a picture that stands by as much as one that moves, from
its first frame to its last it comes no farther than so many times what it does in as many just before and just after
(0.34 at least before dropped stretches of the clips that were used for setting it), or than so many times what it does
in the livelier of both, as the scene may become quiet meanwhile (0.16 at least). Then it leaps at most so many times as
far as the scene moves in as many frames elsewhere."""

_LONGEST = 100
"""Frames before a leap that are looked at part by part."""

_PART, _NEARLY_ALL = 0.05, 0.9
"""Share of the picture: a person of four or nine; and the share of it that stands. None of the dropped stretches of the
clips that were used for setting it begins where so much, of what leaps, stood."""

_REST, _REST_FRAMES = 0.1, 8
"""Share of the movement before a leap that may be left after it, and the frames of both, if the picture is at rest:
after dropped stretches 0.26 is left, or what is left moves."""

_NO_MORE = 2.0
"""How many times as much as just before a leap the picture changes, at most, for as long as it may stand."""

_FEWEST, _MOST, _BEFORE, _AFTER, _ELSEWHERE = 3, 30, 8, 5, 12
"""Frames: of such a stall; beside it, before and after; and from which on the scene is looked at elsewhere."""


def stood_before(leaps: NDArray[np.float32], frame: int) -> int:
    """Return for how many frames the picture stood before it leapt at ``frame``; 0 if it did not stand."""
    return _still_for(leaps, frame) or _improved_for(leaps, frame)


def part_stood_before(motion: Motion, frame: int) -> int:
    """Return for how many frames the part that leaps farthest at ``frame`` stood before; 0 if it did not stand.

    Of a call with several people one may stall while the others go on. Farthest is what leaps most beyond its own
    movement afterwards.
    """
    first = max(frame - _LONGEST, 0)
    change = np.diff(motion.thumbs[first : frame + 1 + _AFTER], axis=0)
    change = np.abs(change - np.median(change, axis=1, keepdims=True))
    at = frame - first - 1
    beyond = change[at] - np.median(change[at + 1 :], axis=0)
    places = np.argsort(beyond)[-int(_PART * change.shape[1]) :]
    return _still_for(np.quantile(change[:, places], _NEARLY_ALL, axis=1), at)


def _still_for(leaps: NDArray[np.float32], frame: int) -> int:
    begin = frame - _mixed(leaps, np.arange(max(frame - _MIXED_FRAMES, 0), frame), frame)
    least = _BLIP * leaps[frame]
    while begin > 1 and leaps[begin - 1] < least and np.count_nonzero(leaps[begin - 1 : frame] >= STILL) <= BLIP_FRAMES:
        begin -= 1
    still = np.count_nonzero(leaps[begin:frame] < STILL)
    return frame - begin if still >= SHORTEST else 0


def _improved_for(leaps: NDArray[np.float32], frame: int) -> int:
    """Return for how many frames before ``frame`` the picture hardly changed, if it moved before them; else 0."""
    begin = frame
    while begin > 1 and leaps[begin - 1] < _SLOW * leaps[frame]:
        begin -= 1
    moved = leaps[max(begin - _SLOW_FRAMES, 1) : begin]
    if frame - begin < _SLOW_FRAMES or moved.size < SHORTEST:
        return 0
    return frame - begin if float(np.median(moved)) >= _SLOWER * float(np.median(leaps[begin:frame])) else 0


def caught_up(motion: Motion, frame: int) -> int:
    """Return for how many frames the picture hardly changed before a leap to where the scene would have come; else 0.

    An encoder of few bits improves a picture that stands by as much as a quiet scene moves. But where a stretch is
    missing, what was going on leaps farther than it moves in the time for which it happened to pause.
    """
    mixed = _mixed(motion.leaps, np.arange(max(frame - _MIXED_FRAMES, 0), frame), frame)
    for stood in range(min(_MOST, frame - _AFTER - 1), _FEWEST - 1, -1):
        hardly = _hardly_moves(motion.leaps, stood, frame)
        hardly = hardly or any(_comes_nowhere(motion.thumbs, stood, frame - without, frame) for without in {0, mixed})
        if hardly and motion.leaps[frame] <= _CAUGHT_UP * _moves_in(motion.thumbs, frame, stood):
            return stood
    return 0


def crept(motion: Motion, frame: int) -> int:
    """Return for how many frames the picture may have stood before a leap at ``frame``, if nothing moved before it.

    It may have stood (:attr:`Jump.improved`) while it changed by no more than just before the leap; 0 if it leaps
    farther than the scene moves elsewhere in that time.
    """
    leaps, stood = motion.leaps, STEPS
    most = _NO_MORE * float(leaps[frame - stood : frame].max())
    while stood < min(_MOST, frame - 1) and leaps[frame - stood - 1] <= most:
        stood += 1
    near = range(_FEWEST, stood + 1)
    return next((few for few in near if leaps[frame] <= _CAUGHT_UP * _moves_in(motion.thumbs, frame, few)), 0)


def _hardly_moves(leaps: NDArray[np.float32], stood: int, frame: int) -> bool:
    """Return whether so many frames before ``frame`` change little, each beside the one before it."""
    before, held = leaps[max(frame - stood - _BEFORE, 1) : frame - stood], leaps[frame - stood : frame]
    after = leaps[frame + 1 : frame + 1 + _AFTER]
    moved = min(float(np.median(before)), float(np.median(after))) if after.size > _AFTER // 2 else 0.0
    return float(np.median(held)) <= _HARDLY * moved and float(held.max()) <= moved


def _comes_nowhere(thumbs: NDArray[np.float32], stood: int, end: int, frame: int) -> bool:
    """Return whether so many frames before ``end`` change little in all, although the picture moves on at ``frame``."""
    first, last = end - 1 - stood, end - 1
    if first < stood or frame + stood >= len(thumbs):
        return False
    moved = leap(thumbs[first - stood], thumbs[first]), leap(thumbs[frame], thumbs[frame + stood])
    return leap(thumbs[first], thumbs[last]) <= max(_NOWHERE * min(moved), _NOT_AT_ALL * max(moved))


def _moves_in(thumbs: NDArray[np.float32], frame: int, stood: int) -> float:
    """Return how far the scene moves at most, before a stall and after it, in as many frames as it took."""
    apart = stood + 1
    before = range(max(frame - 2 * apart - _ELSEWHERE, 0), max(frame - 2 * apart + 1, 0))
    after = range(frame, min(frame + _ELSEWHERE, len(thumbs) - apart))
    return max((leap(thumbs[at], thumbs[at + apart]) for at in (*before, *after)), default=0.0)


def held_before(motion: Motion, frame: int) -> float:
    """Return how many times longer than usual the picture before mixed ones was shown; 0 if none is mixed.

    Args:
        motion: of the recording.
        frame: where it leaps.
    """
    shown = motion.pictures
    at = int(np.searchsorted(shown, frame))
    mixed = _mixed(motion.leaps, shown[:at], frame)
    first = max(at - NEIGHBOURS - 1, 0)
    usual = np.diff(motion.times[shown[first : at + NEIGHBOURS]])
    held = np.diff(motion.times[shown[max(at - mixed - 1, 0) : at]])
    return float(held.max() / np.median(usual)) if held.size else 0.0


def _mixed(leaps: NDArray[np.float32], before: NDArray[np.int64], frame: int) -> int:
    """Return how many of the last of the frames ``before`` are mixed with the picture at ``frame``."""
    least, most = (share * leaps[frame] for share in _MIXED)
    mixed = 0
    while mixed < min(_MIXED_FRAMES, before.size) and least <= leaps[before[-1 - mixed]] < most:
        mixed += 1
    return mixed


def leap_after_a_stall(times: NDArray[np.float64], frame: int, stood: float) -> Finding:
    """Return that the picture before ``frame`` was shown ``stood`` times longer than usual, and then leapt."""
    how = f"stands {stood:.0f} times longer than usual and then leaps, as where a camera or a connection stalls."
    return _stalled(times, frame - 1, frame, how)


def comes_to_rest(leaps: NDArray[np.float32], frame: int) -> bool:
    """Return whether what moved before a leap at ``frame`` stands after it: another slide, or a card.

    Behind a stretch that is missing a scene goes on moving.
    """
    before, after = leaps[max(frame - _REST_FRAMES, 1) : frame], leaps[frame + 1 : frame + 1 + _REST_FRAMES]
    if min(before.size, after.size) < _REST_FRAMES:
        return False
    rest = float(np.median(after))
    return rest < STILL and rest <= _REST * float(np.median(before))


def leap_to_a_card(times: NDArray[np.float64], frame: int) -> Finding:
    """Return that the picture leaps at ``frame`` to one that stands."""
    return _stalled(times, frame - 1, frame, "leaps to one that stands, as slides and cards do.")


def standing_picture(times: NDArray[np.float64], start: int, end: int) -> Finding:
    """Return that the frames from ``start`` to ``end``, exclusive, show what the one before them shows."""
    seconds = float(times[end - 1] - times[start - 1])
    how = (
        f"stands still for {seconds:.1f} s, as where a camera or a connection stalls, or as slides, screens and drawn "
        "films do."
    )
    return _stalled(times, start - 1, end - 1, how)


def _stalled(times: NDArray[np.float64], first: int, last: int, how: str) -> Finding:
    return Finding(
        kind="StalledPicture",
        start_seconds=round(float(times[first]), 3),
        end_seconds=round(float(times[last]), 3),
        score=0,
        message=f"The picture {how} That is a fact and no evidence.",
    )
