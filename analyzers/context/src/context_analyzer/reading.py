"""What was said in a recording, as the detectors see it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer_contract import TranscriptObject
from analyzer_kit.detector import Reading
from context_analyzer.reasons import NotDone, Reason
from context_analyzer.transcript import Transcript


@dataclass(frozen=True)
class Transcription:
    """What there is to judge.

    Attributes:
        transcript: None, if there is none.
        limits: what else is to be known about it, or why it is missing.
        source: where it lies, if it was sent along or is kept.
    """

    transcript: Transcript | None
    limits: tuple[NotDone, ...] = ()
    source: TranscriptObject | None = None

    @classmethod
    def of(
        cls, transcript: Transcript, limits: tuple[NotDone, ...] = (), source: TranscriptObject | None = None
    ) -> Transcription:
        """Return what there is to judge of a transcript, which may be one of the beginning only."""
        if transcript.heard_share < 1:
            limits = (NotDone(Reason.HEARD_IN_PART, f"{math.floor(100 * transcript.heard_share)} %."), *limits)
        return cls(transcript, limits, source)

    @property
    def supplied(self) -> bool:
        """Whether somebody sent it along: then it is not known that it says what is heard."""
        return any(limit.reason is Reason.TRANSCRIPT_SUPPLIED for limit in self.limits)

    @property
    def speech(self) -> Transcript | None:
        """The transcript, if there is enough speech in it to judge."""
        return self.transcript if self.transcript is not None and self.transcript.speech else None


class ContextReading(Reading):
    """A transcript with speech, and what services answered about it.

    Args:
        transcript: of the recording.
        limits: what else is to be known about it.
        answers: by the name of the detector that asked.
    """

    def __init__(
        self, transcript: Transcript, limits: Sequence[NotDone] = (), answers: Mapping[str, object] | None = None
    ) -> None:
        super().__init__()
        self.transcript = transcript
        self.limits = limits
        self.answers = answers or {}
