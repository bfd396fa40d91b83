"""The network of our own model: fixed measures of a voice's texture and small networks that judge them, as one graph.

First the spectrogram of a window is normalised: each frequency is compared with its own mean over the frames with
speech, on a scale that ends 27 dB below that mean, and pauses do not count. This removes most of the effect of
loudness, equalisers, band limits, pauses and faint noise. Of the result, and of the phase, statistics of second to
fourth order are taken in bands of 250 Hz: how the spectrum moves, how smooth it is, how bands and phases correlate.
Synthetic speech is too smooth, too regular or too incoherent there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from analyzer_kit.media.audio import SAMPLE_RATE
from guardian_models.graph import Graph, Tensor
from ml.voice.train.operations import (
    BANDS,
    band_count,
    band_means,
    difference,
    lagged,
    slice_from,
    slice_until,
    weighted_mean,
)

RATE: Final = SAMPLE_RATE
SAMPLES: Final = 4 * RATE
"""In a window."""

INPUT: Final = "samples"
MEASURES: Final = 1566
LIMIT: Final = 3.0
"""Standard deviations at which a measure is clipped: a value that training never contained must not decide alone."""

_FLOOR: Final = 0.002  # of a frequency's mean power: -27 dB
_QUIETEST: Final = 3e-6  # of the whole spectrum's mean power: below it band limits and coders leave nothing
_PAUSE: Final = -4.6  # natural logarithm of the mean power: 20 dB below it a frame counts half
_TINY: Final = 1e-12
_SKEWNESS, _KURTOSIS = 3, 4

Numbers = npt.NDArray[np.float32]
Lags = Sequence[tuple[int, Sequence[int]]]
_Measures = list[tuple[Tensor, int]]
"""Tensors, each with its number of measures."""


@dataclass(frozen=True)
class _View:
    """One resolution of the spectrogram.

    Attributes:
        size: samples of a frame.
        hop: samples from one frame to the next.
        first: first bin of the lowest band, at 125 Hz.
        width: bins in a band of 250 Hz.
        in_time: lags in frames at which levels are compared, each with the orders of the moments of their difference.
        in_frequency: the same in bins.
        pulses: whether frames are shorter than a period of the voice, so that its pulses are separate.
    """

    size: int
    hop: int
    first: int
    width: int
    in_time: Lags
    in_frequency: Lags
    pulses: bool

    @property
    def bins(self) -> int:
        """Number of bins in all bands."""
        return BANDS * self.width


_HARMONICS: Final = _View(
    512, 160, 4, 8, ((1, (2, 4)), (3, (2, 4)), (8, (2,))), ((1, (2, 3, 4)), (2, (2,)), (5, (2,))), pulses=False
)
_PULSES: Final = _View(
    128, 32, 1, 2, ((1, (2, 3, 4)), (2, (2, 3)), (4, (2, 3, 4)), (10, (2,))), ((1, (2, 3, 4)), (4, (2,))), pulses=True
)


@dataclass(frozen=True)
class Member:
    """One small network of the ensemble, from standardised measures to a logit.

    Attributes:
        mean: of each measure.
        scale: one over the standard deviation of each measure.
        layers: weights ``[in, out]``, stored with 16 bits, and biases ``[out]``. A ReLU is between layers; the last
            layer has one output.
    """

    mean: Numbers
    scale: Numbers
    layers: Sequence[tuple[Numbers, Numbers]]


def front_end() -> bytes:
    """Return the model from a window to its measures alone, for training."""
    graph = Graph()
    sound = Tensor(INPUT)
    measures, count = _measures(graph, sound)
    return graph.model("texture-measures", (sound, [1, SAMPLES]), {"measures": (measures, [1, count])})


def build(source_held_out: Sequence[Member], family_held_out: Sequence[Member]) -> bytes:
    """Return the whole model: logits of "synthetic" and "recorded", and as embedding the logit of each network.

    Args:
        source_held_out: networks whose mean is the answer.
        family_held_out: networks for the evaluation; they come last in the embedding and have no part in the answer.
    """
    graph = Graph()
    sound = Tensor(INPUT)
    measures, _ = _measures(graph, sound)
    outputs = [_logit(graph, measures, member) for member in (*source_held_out, *family_held_out)]
    embedding = graph.op("Concat", *outputs, axis=1)
    shares = [[1 / len(source_held_out)]] * len(source_held_out) + [[0]] * len(family_held_out)
    mean = graph.op("MatMul", embedding, np.array(shares, np.float32))
    logits = graph.op("Concat", mean, graph.op("Mul", mean, graph.number(0.0)), axis=1)
    return graph.model(
        "voice-texture",
        (sound, [1, SAMPLES]),
        {"logits": (logits, [1, 2]), "embedding": (embedding, [1, len(outputs)])},
    )


def _logit(graph: Graph, measures: Tensor, member: Member) -> Tensor:
    standard = graph.op("Mul", graph.op("Sub", measures, member.mean[None]), member.scale[None])
    values = graph.op("Clip", standard, graph.number(-LIMIT), graph.number(LIMIT))
    for index, (weights, bias) in enumerate(member.layers):
        values = graph.op("Add", graph.op("MatMul", values, _half_precision(graph, weights)), bias[None])
        if index < len(member.layers) - 1:
            values = graph.op("Relu", values)
    return values


def _half_precision(graph: Graph, weights: Numbers) -> Tensor:
    """Store weights with 16 bits, half the size of the file; the runtime converts them once, on loading."""
    return graph.op("Cast", graph.constant(weights.astype(np.float16)), to=int(TensorProto.FLOAT))


def _measures(graph: Graph, sound: Tensor) -> tuple[Tensor, int]:
    parts = [part for view in (_HARMONICS, _PULSES) for part in _measures_of_view(graph, sound, view)]
    flat = [graph.op("Reshape", part, graph.ints(1, -1)) for part, _ in parts]
    return graph.op("Concat", *flat, axis=1), sum(count for _, count in parts)


def _measures_of_view(graph: Graph, sound: Tensor, view: _View) -> _Measures:
    spectrum = _spectrum(graph, sound, view)
    power = graph.op("Add", *(graph.op("Mul", part, part) for part in spectrum))
    levels = weight, level, _ = _levels(graph, power)
    measures = [*_shape(graph, level, weight, view), *_bands(graph, level, weight, view)]
    return measures + _phase(graph, spectrum, levels, view.bins)


def _spectrum(graph: Graph, sound: Tensor, view: _View) -> tuple[Tensor, Tensor]:
    """Return real and imaginary part, ``[1, bins, frames]``, after pre-emphasis."""
    window = np.hanning(view.size + 1)[:-1]
    bins = np.arange(view.first, view.first + view.bins)
    phase = 2 * np.pi * bins[:, None] * np.arange(view.size)[None] / view.size
    emphasis = np.abs(1 - 0.97 * np.exp(-2j * np.pi * bins / view.size))[:, None]
    kernel = np.concatenate([np.cos(phase), -np.sin(phase)]) * window * np.concatenate([emphasis, emphasis])
    # With 16 bits the rounding error is 70 dB below a frequency; _QUIETEST is above that.
    both = graph.op(
        "Conv", graph.op("Unsqueeze", sound, graph.ints(1)), _half_precision(graph, kernel[:, None]), strides=[view.hop]
    )
    return slice_until(graph, both, 1, view.bins), slice_from(graph, both, 1, view.bins)


def _levels(graph: Graph, power: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return frame weights ``[1, 1, frames]``, log power about each bin's mean ``[1, bins, frames]``, mean power."""
    frame = graph.op("ReduceMean", power, graph.ints(1), keepdims=1)
    total = graph.op("Add", graph.op("ReduceMean", frame, graph.ints(2), keepdims=1), graph.number(_TINY))
    relative = graph.op("Log", graph.op("Add", graph.op("Div", frame, total), graph.number(1e-9)))
    raised = graph.op("Mul", graph.op("Sub", relative, graph.number(_PAUSE)), graph.number(2.0))
    weight = graph.op("Sigmoid", raised)
    mean = weighted_mean(graph, power, weight)
    floor = graph.op(
        "Add", graph.op("Mul", mean, graph.number(_FLOOR)), graph.op("Mul", total, graph.number(_QUIETEST))
    )
    level = graph.op("Log", graph.op("Add", power, floor))
    return weight, graph.op("Sub", level, weighted_mean(graph, level, weight)), total


def _shape(graph: Graph, level: Tensor, weight: Tensor, view: _View) -> _Measures:
    """Return moments of the level of each frequency, of its movement in time, and of its difference from neighbours."""
    measures = _moments(graph, level, weight, view.bins, (2, 3, 4))
    for lag, orders in view.in_time:
        step, later = difference(graph, level, 2, lag), slice_from(graph, weight, 2, lag)
        measures += _moments(graph, step, later, view.bins, orders)
    for lag, orders in view.in_frequency:
        measures += _moments(graph, difference(graph, level, 1, lag), weight, view.bins - lag, orders)
    both = difference(graph, difference(graph, level, 1, 1), 2, 1)
    return measures + _moments(graph, both, slice_from(graph, weight, 2, 1), view.bins - 1, (2, 4))


def _moments(graph: Graph, values: Tensor, weight: Tensor, bins: int, orders: Sequence[int]) -> _Measures:
    """Return the log of the second moment by bands, and the third and fourth in units of the second."""
    square = graph.op("Mul", values, values)
    second = graph.op("Add", band_means(graph, weighted_mean(graph, square, weight), bins), graph.number(1e-4))
    count = band_count(bins)
    moments = [(graph.op("Log", second), count)]
    if _SKEWNESS in orders:
        third = band_means(graph, weighted_mean(graph, graph.op("Mul", square, values), weight), bins)
        moments.append((graph.op("Div", third, graph.op("Mul", second, graph.op("Sqrt", second))), count))
    if _KURTOSIS in orders:
        fourth = band_means(graph, weighted_mean(graph, graph.op("Mul", square, square), weight), bins)
        relative = graph.op("Div", fourth, graph.op("Mul", second, second))
        moments.append((graph.op("Log", graph.op("Add", relative, graph.number(1e-4))), count))
    return moments


def _bands(graph: Graph, level: Tensor, weight: Tensor, view: _View) -> _Measures:
    """Return how bands of 250 Hz vary and correlate, and, where pulses are separate, how their steps correlate."""
    bands = band_means(graph, level, view.bins)
    if not view.pulses:
        return _correlations(graph, bands, weight)
    steps = difference(graph, bands, 2, 2)
    return _correlations(graph, bands, weight) + _correlations(graph, steps, slice_from(graph, weight, 2, 2))


def _correlations(graph: Graph, bands: Tensor, weight: Tensor) -> _Measures:
    """Return the log of each band's variance, and its correlation with the bands one, two and four above."""
    variance = graph.op("Add", weighted_mean(graph, graph.op("Mul", bands, bands), weight), graph.number(1e-4))
    measures = [(graph.op("Log", variance), BANDS)]
    for lag in (1, 2, 4):
        product = weighted_mean(graph, graph.op("Mul", *lagged(graph, bands, 1, lag)), weight)
        norm = graph.op("Sqrt", graph.op("Mul", *lagged(graph, variance, 1, lag)))
        measures.append((graph.op("Div", product, norm), BANDS - lag))
    return measures


def _phase(
    graph: Graph, spectrum: tuple[Tensor, Tensor], levels: tuple[Tensor, Tensor, Tensor], bins: int
) -> _Measures:
    """Return how the phase bends in time, in frequency, and in both: means of unit vectors where there is energy."""
    weight, level, total = levels
    power = graph.op("Add", *(graph.op("Mul", part, part) for part in spectrum))
    magnitude = graph.op("Sqrt", graph.op("Add", power, graph.op("Mul", total, graph.number(1e-9))))
    unit = [graph.op("Div", part, magnitude) for part in spectrum]
    loud = graph.op("Mul", graph.op("Sigmoid", level), weight)
    measures = []
    for axis, remaining in ((2, bins), (1, bins - 2)):
        bend = _rotation(graph, _rotation(graph, unit, axis), axis)
        near = slice_from(graph, slice_until(graph, loud, axis, 1), axis, 1)
        measures.append(_direction(graph, bend[0], near, remaining))
    mixed = _rotation(graph, _rotation(graph, unit, 2), 1)
    near = slice_from(graph, slice_from(graph, loud, 2, 1), 1, 1)
    return measures + [_direction(graph, part, near, bins - 1) for part in mixed]


def _rotation(graph: Graph, vectors: Sequence[Tensor], axis: int) -> list[Tensor]:
    """Return each value times the conjugate of the one before it: the change of the phase."""
    (c, a), (d, b) = (lagged(graph, part, axis, 1) for part in vectors)
    real = graph.op("Add", graph.op("Mul", a, c), graph.op("Mul", b, d))
    return [real, graph.op("Sub", graph.op("Mul", b, c), graph.op("Mul", a, d))]


def _direction(graph: Graph, part: Tensor, loud: Tensor, bins: int) -> tuple[Tensor, int]:
    norm = band_means(graph, graph.op("ReduceSum", loud, graph.ints(2), keepdims=1), bins)
    total = band_means(graph, graph.op("ReduceSum", graph.op("Mul", part, loud), graph.ints(2), keepdims=1), bins)
    return graph.op("Div", total, graph.op("Add", norm, graph.number(1e-6))), band_count(bins)
