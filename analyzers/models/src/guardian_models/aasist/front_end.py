"""The first layer: a fixed bank of band-pass filters (SincNet), rectified, pooled over three bands and three samples.

Jung et al., "AASIST", arXiv 2110.01200, section 2.1; Ravanelli and Bengio, "Speaker Recognition from Raw Waveform with
SincNet", arXiv 1808.00158: a band is the difference of two windowed low-pass filters.
"""

from __future__ import annotations

import numpy as np

from guardian_models.aasist.parameters import Float, Parameters, Single, single
from guardian_models.graph import Graph, Tensor

SAMPLE_RATE = 16000
TAPS = 129
POOL = 3
_FILTERS = 70
BANDS = _FILTERS // POOL
"""Height of the pooled image. The seventieth filter has no two neighbours left to be pooled with: it is left out."""


def pooled_length(samples: int) -> int:
    """Return the width of the pooled image of that many samples."""
    return (samples - TAPS + 1) // POOL


def filters() -> Single:
    """Return the filters that are pooled, ``[69, 129]``: edges equally spaced in mel from 0 to 8 kHz, Hamming window.

    They are computed in float32, as they were when the weights were trained: what leaks through a stop band differs by
    1e-5 from the exact filters', which shows in pure tones.
    """
    edges = _hertz(np.linspace(_mel(0.0), _mel(SAMPLE_RATE / 2), _FILTERS + 1))
    offsets = np.arange(-(TAPS // 2), TAPS // 2 + 1).astype(np.float32)
    low_pass = np.stack([_low_pass(edge, offsets) for edge in edges])
    bands = np.hamming(TAPS).astype(np.float32) * np.diff(low_pass, axis=0)
    return bands[: BANDS * POOL].astype(np.float32)


def image(graph: Graph, parameters: Parameters, samples: Tensor, start: int, end: int) -> Tensor:
    """Return columns ``start`` to ``end`` of the pooled image, ``[1, 1, 23, end - start]``.

    Args:
        graph: where it is written.
        parameters: hold the batch norm after the pooling.
        samples: sound, ``[1, n]``.
        start: first column.
        end: one past the last.
    """
    part = graph.op("Slice", samples, graph.ints(POOL * start), graph.ints(POOL * end + TAPS - 1), graph.ints(1))
    bands = graph.op("Conv", graph.op("Unsqueeze", part, graph.ints(1)), filters()[:, None, :])
    loudness = graph.op("Unsqueeze", graph.op("Abs", bands), graph.ints(1))
    pooled = graph.op("MaxPool", loudness, kernel_shape=[POOL, POOL], strides=[POOL, POOL])
    scale, shift = parameters.batch_norm("first_bn", 1)
    return graph.op("Selu", graph.op("Add", graph.op("Mul", pooled, single(scale)), single(shift)))


def _mel(hertz: float) -> float:
    return 2595 * float(np.log10(1 + hertz / 700))


def _hertz(mel: Float) -> Float:
    return np.asarray(700 * (10 ** (mel / 2595) - 1))


def _low_pass(edge: float, offsets: Single) -> Single:
    """Return an ideal low-pass filter's impulse response, ``2 f / r · sinc(2 f n / r)``, in float32."""
    turns = np.float32(2 * edge) * offsets / np.float32(SAMPLE_RATE)
    angle = np.float32(np.pi) * np.where(turns == 0, np.float32(1e-20), turns)
    return np.asarray(np.float32(2 * edge / SAMPLE_RATE) * (np.sin(angle) / angle), np.float32)
