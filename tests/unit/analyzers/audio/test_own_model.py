"""The models that the package brings: files, costs, and what they say of a person and of a synthesiser."""

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
from guardian_models.catalogue import ASVSPOOF5_AASIST, probe
from guardian_models.folder import read_manifest, read_model
from guardian_models.manifest import SoundManifest
from guardian_models.runtime import Model
from tests.support.media.samples import CLEAR, PLAIN, VOICE, synthetic_speech

TEXTURE, WIDEBAND = "voice-texture", "voice-wideband"
PERSON_AFTER_MESSENGER = 4.0778
"""Highest score of a recording of a person, sent as a voice message (docs/adr/0055-two-ears.md)."""
MOST_CPU_SECONDS = {TEXTURE: 0.25, WIDEBAND: 0.75}
"""Several times what each takes: tests share their cores with others."""
PROBE_SAYS = (-0.4748, 0.2225, -9.5481)
"""Of the fixed sound by which an import of AASIST is checked: the evidence of a coder, the texture, and the network."""


@pytest.fixture(scope="module", params=[TEXTURE, WIDEBAND])
def manifest(request: pytest.FixtureRequest) -> SoundManifest:
    return read_manifest(OWN_MODELS, request.param, SoundManifest)


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
    assert min(costs) < MOST_CPU_SECONDS[manifest.id]


def test_a_fixed_sound_gets_the_score_that_it_got_when_the_model_was_made() -> None:
    manifest = read_manifest(OWN_MODELS, WIDEBAND, SoundManifest)
    answer = Model(manifest, read_model(OWN_MODELS, manifest)).run(probe(ASVSPOOF5_AASIST.input))
    assert answer.embedding[-3:] == pytest.approx(PROBE_SAYS, abs=5e-2)
    spoof, person = ASVSPOOF5_AASIST.expected_logits
    assert abs(answer.embedding[-1] - (spoof - person)) > 0.5  # the published network is not what ships


def test_nobody_is_likely_fake_who_scores_as_a_person_did_after_a_messenger() -> None:
    calibration = read_manifest(OWN_MODELS, TEXTURE, SoundManifest).calibration
    assert calibration is not None
    median = calibration.reference[len(calibration.reference) // 2]
    assert calibration.strict_threshold >= PERSON_AFTER_MESSENGER + 0.05 * (PERSON_AFTER_MESSENGER - median)


def test_a_synthesiser_is_likely_fake_if_it_scores_above_every_person(tmp_path: Path) -> None:
    clear, plain = tmp_path / "clear.wav", tmp_path / "plain.wav"
    synthetic_speech(clear, voice=CLEAR)
    synthetic_speech(plain, voice=PLAIN)
    fake, nothing = Verdict.LIKELY_FAKE, Verdict.NO_EVIDENCE
    said = ((clear, fake, fake), (plain, Verdict.SUSPICIOUS, fake), (VOICE, nothing, nothing))
    for recording, by_texture, verdict in said:
        result = analyze(recording, tmp_path / "plot.png", Caps(), lambda _phase, _share: None)
        heard = next(report for report in result.detectors if report.name == NAME)
        assert (result.verdict, heard.claim, heard.model.id) == (verdict, by_texture, TEXTURE)
