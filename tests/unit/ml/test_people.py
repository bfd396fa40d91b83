"""One person has one name, whatever sources call them, and nobody else has it."""

from __future__ import annotations

import pytest

from ml.voice.data import people


@pytest.mark.parametrize(
    ("speaker", "path", "name"),
    [
        ("LJ", "wav_samples/0.GT_wav/LJ002-0253.wav", "LJ"),
        ("ljspeech", "tests/data/ljspeech/wavs/LJ001-0001.wav", "LJ"),
        ("", "test_data/LJ032-0032.wav", "LJ"),
        ("vctk-p225", "wavs/p225/p225_003.wav", "VCTK 225"),
        ("p225", "docs/audio/asr/source_p225_149-22k.wav", "VCTK 225"),
        ("", "docs/audio/m2m/target_p374_100-22k.wav", "VCTK 374"),
        ("libri-1320", "samples/1320_00000.mp3", "LibriVox 1320"),
        ("1320", "samples/zs/1320-122617-0037.wav", "LibriVox 1320"),
        ("libritts-7021", "docs/samples/unseen/ground_truth/7021_85628_000037_000000.wav", "LibriVox 7021"),
        ("", "docs/samples/unseen/ground_truth/7021_85628_000037_000000.wav", "LibriVox 7021"),
        ("librispeech-1995", "test/resources/librispeech-1995-1837-0001.wav", "LibriVox 1995"),
        ("mfa-61-70968-0000", "tests/data/wav/61-70968-0000.flac", "LibriVox 61"),
        ("f10", "audio/gt/f10_script1.wav", "DAPS f10"),
        ("", "audio/speech/ref/f10_script1_cleanraw_trimmed_002.opus", "DAPS f10"),
    ],
)
def test_voices_of_known_corpora_have_one_name(speaker: str, path: str, name: str) -> None:
    assert people.name(speaker, path) == name


@pytest.mark.parametrize(
    ("speaker", "path"),
    [
        ("freesound-33711", "assets/noisy_snr0.wav"),
        ("watson-sample1", "public/audio/sample1.wav"),
        ("arctic-aew", "examples/samples/cmu_arctic_us_aew_a0001.wav"),
        ("", "docs/samples/8k/original_48k/sample_0.wav"),
        ("", "example/reference_1.wav"),
        ("", "samples/robust/prompt/057.wav"),
        ("SF1", "demo/200001_SF1.wav"),
    ],
)
def test_others_keep_the_name_that_their_source_gives_them(speaker: str, path: str) -> None:
    assert people.name(speaker, path) == speaker
