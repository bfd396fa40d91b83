"""The detectors of the audio analyzer, one module each."""

from __future__ import annotations

from collections.abc import Sequence

from audio_analyzer.detector import AudioEntry
from audio_analyzer.detectors.credentials import ContentCredentials
from audio_analyzer.detectors.provenance import Provenance
from audio_analyzer.detectors.repeats import RepeatedAudio
from audio_analyzer.detectors.silence import DigitalSilence
from audio_analyzer.detectors.speech import SpeechModels
from audio_analyzer.detectors.splices import AudioSplice
from audio_analyzer.detectors.tracks import Tracks

DETECTORS: Sequence[AudioEntry] = (
    SpeechModels(),
    DigitalSilence(),
    RepeatedAudio(),
    AudioSplice(),
    Tracks(),
    ContentCredentials(),
    Provenance(),
)
"""In the order of their reports."""
