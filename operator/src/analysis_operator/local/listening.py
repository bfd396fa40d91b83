"""Whether this machine can write down what is said: where its folder of models has a model for speech."""

from __future__ import annotations

import os
from pathlib import Path

from analysis_operator.local.errors import StartFailed

HINT = (
    "What is said is not judged, since nothing here can write it down: `make speech-model` fetches a model that can "
    "(Whisper base, MIT, 150 MB), once."
)


def speech_folder() -> Path | None:
    """Return the folder of models that `guardian` looks into, if there is a model for speech in it, else None.

    Raises:
        StartFailed: it cannot be read, or has several and GUARDIAN_CONTEXT_SPEECH_MODEL names none of them.
    """
    from guardian_models.choice import choose_speech  # numpy comes along
    from guardian_models.errors import ModelError
    from guardian_models.folder import default_folder

    folder = default_folder()
    try:
        found = choose_speech(folder, os.environ.get("GUARDIAN_CONTEXT_SPEECH_MODEL", ""))
    except ModelError as error:
        raise StartFailed(f"The model for speech cannot be used: {error}") from error
    return folder if found else None


def default_analyzers() -> list[str]:
    """Return the analyzers that look at a recording if none are named.

    Raises:
        StartFailed: as :func:`speech_folder`.
    """
    return ["audio", "video", "context"] if speech_folder() else ["audio", "video"]


def context_environment() -> dict[str, str]:
    """Return what the context analyzer is started with: it listens, or reads transcripts beside the recordings.

    Raises:
        StartFailed: as :func:`speech_folder`.
    """
    folder = speech_folder()
    if folder is None:
        return {"GUARDIAN_CONTEXT_TRANSCRIBER": "supplied"}
    return {"GUARDIAN_CONTEXT_TRANSCRIBER": "local", "GUARDIAN_MODELS": str(folder.absolute())}
