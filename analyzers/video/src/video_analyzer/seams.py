"""Seams: the leap by which a copied stretch begins or ends. What repeats by nature has none.

A rope, a fan, a pendulum or a lamp on mains comes back to where it was by itself: from each frame to the next the
picture changes as it always does. Whoever puts a copy in joins two moments that did not follow each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from video_analyzer.copies import ALIKE, Copies, Copy, copies_in
from video_analyzer.jumps import is_other_scene
from video_analyzer.leaps import leap
from video_analyzer.motion import STILL, Motion, MotionMeter
from video_analyzer.overlays import is_overlay
from video_analyzer.reading import VideoReading

_NEAR = 2
"""Frames on either side within which a seam is looked for: a copy's place is not known better."""

_BESIDE = 5
"""Pictures on either side that it is compared with; those within reach of the seam are left out."""

_NOISE = 0.3
"""Gray levels added to what is usual: where nothing moves, the encoder's changes are no seam."""

_BRIEF, _BRIEF_ALIKE = 12, 1.0
"""Of fewer frames than the first, copies differ by no more than one frame does from the next: in a scene that is almost
still, a third of a second resembles another by chance, and an encoder's renewal of the picture beside it is no seam."""

_USUAL, _FARTHEST, _ONCE = 1.9, 1.4, 1.15
"""A seam leaps so much farther than is usual, than anything beside it does, and than the original does at the same
place: a hammer leaps in each cycle. Of the drawn ropes, fans and lamps that were used for setting them, none came to
1.4 beside itself."""

_EXACT, _EXACT_NEAR = 0.15, 6
"""Of what comes back as exactly as this, the seam may be farther from where it seems to begin: the scene was still."""

_OTHER_THERE = 20.0
"""Gray levels: if a few places differ by more, something else is shown there, such as another digit of a counter or a
clock. The few places that differ most in a copy came to 9.6 at most."""

_STALLED = 1.6
"""Times the usual distance of frames: after a stall, which the time stamps tell, the picture leaps by itself."""

_SAME = 0.5
"""What differs by less than this much of its movement is the same even where the original begins at a cut, so that the
leaps at both cannot be compared."""

_CLEAR_END = 2.0
"""A seam at the end alone counts if it leaps so much farther than anything beside it, and is no change of scene."""

_BACK, _BACK_FRAMES = 0.5, 8
"""It counts only if it leads back to what was shown within so many frames before the copy, to so much of the leap: who
puts a copy in goes on from there (0.34 at most). What turns on a screen until a page is there leads elsewhere."""

_EXACT_SEAM = (1.5, 1.0, 2.0)
"""The least of a seam, as in :class:`Seam`, of what comes back as exactly: its leaps come back as exactly, so that one
which the original has not is no movement, however fast things move beside it."""

_STANDING = 0.5
"""Share of the frames of a loop, beside its seams, of which each shows what the one before it showed: 0.39 at most in
loops that were put in. A picture that stands, and is renewed by its encoder at even distances, has more."""

_CODED = 0.35
"""Copies that begin at key frames as their originals do are coded in the same way, and differ less than this."""

_SUDDEN = 2.0
"""A copy begins where the stretches differ so many times less than one frame before."""

_BOTH = (1.4, 1.15, 1.15)
"""Where a copy leaps at both its ends, each need leap only so much farther than anything beside it, and than the
original: of what repeats by nature none leapt at both."""

_CLEAR_START = (1.9, 1.8, 1.8)
"""The same where a faint copy begins: natural ones came to 1.0 beside them."""


@dataclass(frozen=True)
class Seam:
    """The farthest leap near a place.

    Attributes:
        over_usual: over the median of the leaps beside it.
        over_farthest: over the farthest of them.
        over_original: over the farthest one where the original begins: a hammer leaps in each cycle at the same place.
    """

    over_usual: float = 0.0
    over_farthest: float = 0.0
    over_original: float = 0.0

    @property
    def clear(self) -> bool:
        """Whether movement alone hardly leaps so far."""
        return self.exceeds((_USUAL, _FARTHEST, _ONCE))

    def exceeds(self, least: tuple[float, float, float]) -> bool:
        """Return whether it leaps as far as ``least`` over each of the three."""
        usual, farthest, original = least
        return self.over_usual >= usual and self.over_farthest >= farthest and self.over_original >= original


def seam_at(motion: Motion, frame: int, original: int | None, near: int = _NEAR, others: Sequence[int] = ()) -> Seam:
    """Return the seam near ``frame``; none where the recording, or a stretch of it, begins or ends there.

    Args:
        motion: of the recording.
        frame: where a copy begins or ends.
        original: where what it is a copy of begins or ends; None if another scene begins there.
        near: frames on either side within which the seam may be.
        others: frames of other seams of the same copy, with which it is not compared.
    """
    pictures = _in_stretch(motion, frame)
    here = np.abs(pictures - frame) <= near
    came = here & (motion.times[pictures] - motion.times[pictures - 1] <= _STALLED * motion.interval)
    came &= ~np.isin(pictures, [jump.frame for jump in motion.jumps if jump.replaced])  # a counter gets another digit
    if not came.any():
        return Seam()
    place = int(np.searchsorted(pictures, frame))
    beside = np.arange(max(place - _BESIDE - near, 0), min(place + _BESIDE + near + 1, pictures.size))
    apart = np.abs(pictures[beside][:, None] - np.array([frame, *others])).min(axis=1)
    beside = beside[apart > near]
    if beside.size < _BESIDE:
        return Seam()
    leaps = motion.leaps[pictures[beside]]
    farthest = float(motion.leaps[pictures[came]].max())
    there = slice(0) if original is None else slice(max(original - near, 1), original + near + 1)
    before = float(motion.leaps[there].max(initial=0.0))
    return Seam(*(farthest / (other + _NOISE) for other in (float(np.median(leaps)), float(leaps.max()), before)))


def _in_stretch(motion: Motion, frame: int) -> NDArray[np.int64]:
    """Return the pictures of the stretch that ``frame`` is in, without its first, which does not follow another."""
    begin = max((begin for begin in motion.begins if begin <= frame), default=0)
    end = min((begin for begin in motion.begins if begin > frame), default=motion.times.size)
    return motion.pictures[(motion.pictures > begin) & (motion.pictures < end)]


@dataclass(frozen=True)
class Judged:
    """The copies of a recording, apart by whether somebody put them in.

    Attributes:
        edits: nothing but an edit makes them.
        natural: movement that comes back by itself, as far as can be seen.
        sharpest: as in :class:`Copies`.
    """

    edits: list[Copy]
    natural: list[Copy]
    sharpest: float


def judged_in(reading: VideoReading) -> Judged:
    """Return the copies in a recording, judged; for :meth:`VideoReading.computed`."""
    return judge(reading.computed(copies_in), reading.measured(MotionMeter), reading.keys)


def judge(copies: Copies, motion: Motion, keys: Sequence[int] = ()) -> Judged:
    """Return the copies, apart by whether a seam shows that they were put in.

    What differs by more than its own movement is neither: the same cut, or light, at two places.

    Args:
        copies: as they were found.
        motion: of the recording.
        keys: index of each key frame.
    """
    alike = [copy for copy in copies.found if copy.residual <= (_BRIEF_ALIKE if copy.frames < _BRIEF else ALIKE)]
    edits = [copy for copy in alike if copy.farthest <= _OTHER_THERE and _has_seam(copy, motion)]
    edits += [copy for copy in copies.faint if copy.farthest <= _OTHER_THERE and _begins_clearly(copy, motion)]
    edits = [copy for copy in edits if not (is_overlay(copy, motion.thumbs) or _only_renewed(copy, motion, keys))]
    return Judged(edits, [copy for copy in alike if copy not in edits], copies.sharpest)


def _only_renewed(copy: Copy, motion: Motion, keys: Sequence[int]) -> bool:
    """Return whether the seams may be where an encoder renews the picture, again and again.

    So it is of a picture that stands, and of one that hardly moves if both stretches begin at key frames, where not
    nearly all are such.
    """
    few = len(keys) * (2 * _NEAR + 1) < motion.times.size
    at_keys = (any(abs(place - key) <= _NEAR for key in keys) for place in (copy.first, copy.second))
    if copy.sharpness > _CODED and few and all(at_keys):
        return True
    frames = np.arange(copy.second, min(copy.second + copy.frames, motion.leaps.size))
    seams = np.array([copy.second, *_rounds(copy)])
    between = frames[np.abs(frames[:, None] - seams).min(axis=1) > _NEAR]
    return copy.looped and between.size > 0 and float(np.mean(motion.leaps[between] < STILL)) >= _STANDING


def _has_seam(copy: Copy, motion: Motion) -> bool:
    exact = copy.residual <= _EXACT
    reach = (_NEAR, _EXACT_NEAR) if exact else (_NEAR,)
    cut = copy.residual <= _SAME and _is_cut(motion, copy.first, _NEAR)
    original = None if cut else copy.first
    begins = [seam_at(motion, copy.second, original, near, _rounds(copy)) for near in reach]
    sudden = _sudden_begin(copy, motion)
    if sudden:
        moved = replace(copy, first=copy.first + sudden, second=copy.second + sudden)
        begins.append(seam_at(motion, moved.second, None if cut else moved.first, 1, _rounds(moved)))
    if any(seam.clear or (exact and seam.exceeds(_EXACT_SEAM)) for seam in begins):
        return True
    place = copy.second + copy.frames
    if _is_cut(motion, place, max(reach)):
        return False
    ends = [seam_at(motion, place, copy.first + copy.frames, near) for near in reach]
    clear = any(end.clear and (exact or end.over_farthest >= _CLEAR_END) for end in ends)
    return (clear and _comes_back(copy, motion, max(reach))) or _both(begins[0], ends[0])


def _comes_back(copy: Copy, motion: Motion, near: int) -> bool:
    """Return whether the leap near the end of a copy leads back to what was shown before the copy."""
    place = copy.second + copy.frames
    low, high = max(place - near, 1), min(place + near + 1, motion.times.size)
    end = low + int(np.argmax(motion.leaps[low:high]))
    before = range(max(copy.second - _BACK_FRAMES, 0), copy.second)
    back = min((leap(motion.thumbs[frame], motion.thumbs[end]) for frame in before), default=np.inf)
    return back <= _BACK * float(motion.leaps[end])


def _sudden_begin(copy: Copy, motion: Motion) -> int:
    """Return how many frames after its beginning a copy begins, by where it suddenly differs much less; 0: unknown."""
    lag = copy.second - copy.first
    frames = range(max(copy.first - _EXACT_NEAR - 1, 0), min(copy.first + _EXACT_NEAR + 1, motion.times.size - lag))
    apart = np.array([leap(motion.thumbs[frame], motion.thumbs[frame + lag]) for frame in frames])
    if apart.size < _NEAR:
        return 0
    sudden = (apart[:-1] + _NOISE) / (apart[1:] + _NOISE)
    most = int(sudden.argmax())
    return frames[most] + 1 - copy.first if sudden[most] >= _SUDDEN else 0


def _both(begin: Seam, end: Seam) -> bool:
    return begin.exceeds(_BOTH) and end.exceeds(_BOTH)


def _begins_clearly(copy: Copy, motion: Motion) -> bool:
    if _is_cut(motion, copy.second, _NEAR):
        return False
    seam = seam_at(motion, copy.second, copy.first, _NEAR, _rounds(copy))
    return seam.exceeds(_CLEAR_START)


def _rounds(copy: Copy) -> list[int]:
    """Return where the rounds of a loop begin after the second."""
    lag = copy.second - copy.first
    return list(range(copy.second + lag, copy.second + copy.frames + 1, lag)) if copy.looped else []


def _is_cut(motion: Motion, place: int, near: int) -> bool:
    return any(abs(jump.frame - place) <= near and is_other_scene(jump) for jump in motion.jumps)
