"""Who writes down what is said: whom the installation chose, else the local one where there is a model for it."""

from __future__ import annotations

import sys
from concurrent.futures import Executor
from pathlib import Path
from typing import Protocol

from analyzer_contract import SourceFacts, SourceObject
from analyzer_kit.s3 import ObjectStore
from context_analyzer.settings import ContextSettings, TranscriberChoice
from context_analyzer.speech.transcriber import LocalTranscriber
from context_analyzer.transcriber import Transcriber, WaitingCallback


class AnyTranscriber(Protocol):
    """The port: a recording in S3, and what is said in it, in the format of Amazon Transcribe.

    Attributes:
        pause_seconds: a longer silence ends a turn.
    """

    pause_seconds: float

    async def start(self) -> None:
        """Start to get ready, without waiting for it."""

    async def stop(self) -> None:
        """End what was started."""

    def kept(self, source: SourceObject, facts: SourceFacts) -> str | None:
        """Return where the transcript is kept for other requests, or None: nowhere."""

    async def transcribe(
        self, source: SourceObject, facts: SourceFacts, waiting: WaitingCallback, seconds: float
    ) -> bytes:
        """Return what is said, in the ``seconds`` until the deadline.

        Raises:
            NotDone: there is no transcript, and why.
            AnalysisError: S3 does not answer, or the recording cannot be decoded.
        """


def choose_transcriber(settings: ContextSettings, store: ObjectStore, threads: Executor) -> AnyTranscriber | None:
    """Return the transcriber; None: the transcript has to lie beside the recording.

    No recording leaves the installation unless it asks for Amazon Transcribe: a model for speech goes before a place
    for transcripts.
    """
    choice = settings.context_transcriber
    if choice in {TranscriberChoice.AUTO, TranscriberChoice.LOCAL}:
        if model := _speech_model(settings):
            return LocalTranscriber(settings, store, threads, model)
        if choice is TranscriberChoice.LOCAL:
            sys.exit("The context analyzer cannot start: there is no model for speech in GUARDIAN_MODELS.")
    if choice is TranscriberChoice.AMAZON and not settings.context_transcripts:
        sys.exit("The context analyzer cannot start: set GUARDIAN_CONTEXT_TRANSCRIPTS, where Transcribe writes to.")
    if choice is not TranscriberChoice.SUPPLIED and settings.context_transcripts:
        return Transcriber(settings, store, threads)
    return None


def _speech_model(settings: ContextSettings) -> tuple[Path, str] | None:
    """Return the folder of models and the id of the one that listens."""
    if settings.models is None:
        return None
    try:
        from guardian_models.choice import choose_speech
        from guardian_models.errors import ModelError
    except ModuleNotFoundError:  # a recording must not go to Amazon because a package is missing
        sys.exit(
            "The context analyzer cannot start: GUARDIAN_MODELS is set, and no model can listen here. Install "
            "silver-guardian-context[transcription], or unset it."
        )
    try:
        manifest = choose_speech(settings.models, settings.context_speech_model)
    except ModelError as error:
        sys.exit(f"The context analyzer cannot start: {error}")
    return (settings.models, manifest.id) if manifest else None
