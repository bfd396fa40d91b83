"""Pictures that a decoder shows although it could not decode them cleanly, and those that are predicted from them.

FFmpeg conceals what is damaged or encrypted: it fills the picture from its surroundings, flags that one frame, and goes
on predicting from it, without a flag, until a key frame renews the picture. What moves there the decoder made up.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field

from av.video.frame import PictureType, VideoFrame

from analyzer_contract import FailureReason
from analyzer_kit.errors import AnalysisError

_FEWEST_CLEAN = 12
"""Frames that must be left of a recording of which most is damaged: half a second, mostly."""

_MOST_HELD = 16
"""Frames predicted in both directions that may follow each other: as many as H.264's largest picture buffer."""

_RENEWED = 300
"""Frames without damage after which the picture counts as renewed: some encoders send no key frames, but refresh a
strip of the picture in each frame, in turn."""

_UNSURE = 50
"""So many fewer at the beginning, where nothing is known to be damaged, if it does not begin with a key frame; none are
left if the decoder does not tell which frames are key frames (QuickTime Animation)."""


@dataclass
class Damage:
    """What was damaged in one recording.

    Attributes:
        frames: how many frames were hidden.
        packets: how many packets could not be decoded at all.
        stretches: begin and end of each damaged one, in seconds.
    """

    frames: int = 0
    packets: int = 0
    stretches: list[tuple[float, float]] = field(default_factory=list)
    _seen_packets: int = 0
    _told_packets: int = 0
    _broken: bool = True
    _since: int = _RENEWED - _UNSURE
    _held: list[VideoFrame] = field(default_factory=list)

    def restart(self) -> None:
        """Forget what came before: decoding begins again, as after a seek."""
        self._broken, self._since = True, _RENEWED - _UNSURE
        self._held.clear()

    def renew(self) -> None:
        """Note that a key frame is decoded which is not shown: what is predicted from it is clean.

        A recording that was cut without encoding it again begins at the key frame before the cut, and its edit list
        says from which frame on it is shown.
        """
        self._broken = False

    def lose_packet(self) -> None:
        """Note that a packet could not be decoded: what is predicted from it is damaged."""
        self.packets += 1

    def lost_any(self) -> bool:
        """Return whether a packet could not be decoded since this was asked last."""
        lost, self._told_packets = self.packets > self._told_packets, self.packets
        return lost

    def note(self, begin: float, end: float, *, goes_on: bool) -> None:
        """Note that nothing was recorded as it is shown from ``begin`` to ``end``.

        Args:
            begin: in seconds.
            end: in seconds; before ``begin`` where damaged time stamps run backwards.
            goes_on: whether it is so just before too.
        """
        if goes_on and self.stretches:
            begin, reached = self.stretches.pop()
            end = max(reached, end)
        self.stretches.append((begin, max(begin, end)))

    def require_some(self, clean: int) -> None:
        """Refuse a recording of which most is damaged and next to nothing is left.

        Args:
            clean: frames that were shown as they were recorded.

        Raises:
            AnalysisError: CorruptMedia.
        """
        damaged = self.frames + self.packets
        if clean >= min(_FEWEST_CLEAN, damaged):
            return
        message = (
            f"{damaged} of {damaged + clean} frames cannot be decoded cleanly: the picture is damaged, or "
            "encrypted. Send the recording again, as it was made."
        )
        raise AnalysisError(FailureReason.CORRUPT_MEDIA, message)

    def clean(self, frames: Iterable[VideoFrame]) -> Generator[tuple[VideoFrame, bool]]:
        """Yield frames in the order that they are shown, and whether each shows what was recorded.

        A frame that is predicted in both directions waits for the next one that is not: if that one is damaged, so is
        what was predicted from it, although it is shown earlier.
        """
        for frame in frames:
            self._look_at(frame)
            self._held.append(frame)
            if self._broken or frame.pict_type != PictureType.B or len(self._held) > _MOST_HELD:
                yield from self._released()
        yield from self._released()

    def _look_at(self, frame: VideoFrame) -> None:
        lost = self.packets != self._seen_packets
        self._seen_packets = self.packets
        self._since += 1
        renews = frame.key_frame or frame.pict_type == PictureType.I
        if frame.is_corrupt or (lost and not renews):
            self._broken, self._since = True, 0
        elif renews or self._since > (_RENEWED - _UNSURE if frame.pict_type == PictureType.NONE else _RENEWED):
            self._broken = False

    def _released(self) -> Generator[tuple[VideoFrame, bool]]:
        held, self._held = self._held, []
        self.frames += len(held) if self._broken else 0
        for frame in held:
            yield frame, not self._broken
