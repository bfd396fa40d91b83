"""The model that the package brings: its file, what it costs, and what it says of a person and of a synthesiser."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import numpy as np
import pytest

from analyzer_contract import Verdict
from analyzer_kit.analysis import Caps
from audio_analyzer.analysis import analyze
from audio_analyzer.detectors.speech import NAME
from audio_analyzer.loading import OWN_MODELS
from guardian_models.folder import read_manifest, read_model
from guardian_models.manifest import SoundManifest
from guardian_models.runtime import Model
from tests.support.media.samples import CLEAR, PLAIN, VOICE, synthetic_speech

ID = "voice-texture"
PERSON_AFTER_MESSENGER = 4.0778
"""Highest score of a recording of a person, sent as a voice message (docs/adr/0055-two-ears.md)."""
MOST_CPU_SECONDS = 0.25
"""Many times what it takes: tests share their cores with others."""


@pytest.fixture(scope="module")
def manifest() -> SoundManifest:
    return read_manifest(OWN_MODELS, ID, SoundManifest)


def test_the_file_is_the_one_that_the_manifest_names(manifest: SoundManifest) -> None:
    content = (OWN_MODELS / manifest.file).read_bytes()
    assert hashlib.sha256(content).hexdigest() == manifest.sha256
    assert manifest.calibration is not None


def test_a_window_costs_no_more_than_its_share(manifest: SoundManifest) -> None:
    model = Model(manifest, read_model(OWN_MODELS, manifest))
    window = np.random.default_rng(1).normal(0, 0.05, manifest.input.samples).astype(np.float32)
    model.run(window)
    costs = []
    for _ in range(4):
        before = time.process_time()
        model.run(window)
        costs.append(time.process_time() - before)
    assert min(costs) < MOST_CPU_SECONDS


def test_nobody_is_likely_fake_who_scores_as_a_person_did_after_a_messenger(manifest: SoundManifest) -> None:
    calibration = manifest.calibration
    assert calibration is not None
    median = calibration.reference[len(calibration.reference) // 2]
    assert calibration.strict_threshold >= PERSON_AFTER_MESSENGER + 0.05 * (PERSON_AFTER_MESSENGER - median)


def test_a_synthesiser_is_likely_fake_if_it_scores_above_every_person(tmp_path: Path) -> None:
    clear, plain = tmp_path / "clear.wav", tmp_path / "plain.wav"
    synthetic_speech(clear, voice=CLEAR)
    synthetic_speech(plain, voice=PLAIN)
    said = ((clear, Verdict.LIKELY_FAKE), (plain, Verdict.SUSPICIOUS), (VOICE, Verdict.NO_EVIDENCE))
    for recording, verdict in said:
        result = analyze(recording, tmp_path / "plot.png", Caps(), lambda _phase, _share: None)
        heard = next(report for report in result.detectors if report.name == NAME)
        assert (result.verdict, heard.claim, heard.model.id) == (verdict, verdict, ID)
