"""The published weights that can be imported, and the answers by which a model built from them is checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from guardian_models.aasist import front_end, network
from guardian_models.manifest import AudioWindow, Calibration, Domain, Embedding, Logits
from guardian_models.weights import Array


@dataclass(frozen=True)
class Published:
    """One published model.

    Attributes:
        id: the model's.
        url: where the publisher's file is, for people.
        sha256: of that file.
        digest: of the arrays in it (:func:`guardian_models.weights.digest`): a ``.npz`` of them is taken too.
        licence: SPDX identifier.
        copyright: the holder's line.
        build: makes the ONNX model from the arrays.
        input: what the model takes.
        logits: what it answers.
        embedding: what it answers besides.
        expected_logits: its answer to :func:`probe`.
        expected_embedding: the first numbers of the embedding of :func:`probe`.
        calibration: what its scores mean, once that was measured; without one nothing is concluded from them.
        domain: in which sound that was measured.
        eval_card: the page that states its errors.
    """

    id: str
    url: str
    sha256: str
    digest: str
    licence: str
    copyright: str
    build: Callable[[Mapping[str, Array]], bytes]
    input: AudioWindow
    logits: Logits
    embedding: Embedding
    expected_logits: tuple[float, ...]
    expected_embedding: tuple[float, ...]
    calibration: Calibration | None = None
    domain: Domain | None = None
    eval_card: str | None = None


def probe(window: AudioWindow) -> npt.NDArray[np.float32]:
    """Return the same sound on every machine: a gliding tone with harmonics that swells and fades, faint noise."""
    n = np.arange(window.samples, dtype=np.int64)
    seconds = n / window.sample_rate
    phase = 2 * np.pi * (120 * seconds + 10 * seconds**2)
    tone = sum(np.sin(k * phase) / k for k in range(1, 9)) * np.sin(2 * np.pi * 1.5 * seconds) ** 2
    noise = (n**3 * 7919 + n**2 * 104_729 + n) % 65_521 / 65_521 - 0.5
    return np.asarray(0.15 * tone + 0.02 * noise, np.float32)


ASVSPOOF5_AASIST = Published(
    id="asvspoof5-aasist",
    url="https://github.com/asvspoof-challenge/asvspoof5/blob/fe23d3053a0889b305d98c9e4cadf418c213d972/"
    "Baseline-AASIST/models/weights/AASIST/best.pth",
    sha256="8f10fe1d1ce3ac62c19f00b86dfaf79f86f464301d23e08726b16b02edbb601c",
    digest="d9b46ed00da2dc8f9beabf89c804169931faf9a3a7975b07e927c56c5b3ea06e",
    licence="MIT",
    copyright="© NAVER Corp.",
    build=network.build,
    input=AudioWindow(
        name=network.INPUT,
        sample_rate=front_end.SAMPLE_RATE,
        samples=network.SAMPLES,
        speech_level_dbfs=-26.0,  # its scores fall with loudness
    ),
    logits=Logits(name=network.LOGITS, classes=network.CLASSES, fake_index=network.CLASSES.index("spoof")),
    embedding=Embedding(name=network.EMBEDDING, size=network.EMBEDDING_SIZE),
    expected_logits=(3.510630, -3.522533),
    expected_embedding=(0.138980, 0.082098, 0.116212, 0.062022, 0.128830, 0.279960, 0.004990, 0.183347),
    calibration=Calibration(  # as the card states them
        slope=0.1019,
        intercept=1.0508,
        threshold=-1.1622,
        strict_threshold=0.0095,
        reference=(
            *(-24.364, -21.099, -20.272, -19.221, -17.256, -16.482, -15.840, -15.393, -14.516, -14.082, -13.105),
            *(-12.395, -11.859, -11.236, -10.354, -9.262, -8.510, -7.833, -6.636, -5.178, -0.615),
        ),
    ),
    domain=Domain(min_snr_db=32, min_bandwidth_hz=5000, min_speech_seconds=2),
    eval_card="docs/cards/asvspoof5-aasist.md",
)

PUBLISHED = (ASVSPOOF5_AASIST,)
