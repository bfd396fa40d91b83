"""The network of our own model: fixed measures of a voice's texture, and small networks that judge them, as one graph.

A window's spectrogram is brought to one form first: each frequency is compared with its own mean over the frames with
speech, on a scale that ends 27 dB below it, and pauses do not count. What is left says little of loudness, equalisers,
band limits, pauses and faint noise. Of that, and of the phase, statistics of second to fourth order are taken by bands
of 250 Hz: how a spectrum moves, how smooth it is, how its bands and its phases go together. Synthesis is too smooth,
too regular or too incoherent there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from guardian_models.graph import Graph, Tensor

RATE: Final = 16_000
SAMPLES: Final = 4 * RATE
"""In a window."""

INPUT: Final = "samples"
_FFT: Final = 512
_HOP: Final = 160
_FIRST_BIN: Final = 4  # 125 Hz
_BANDS: Final = 30
_WIDTH: Final = 8  # bins in a band: 250 Hz
_BINS: Final = _BANDS * _WIDTH
_FLOOR: Final = 0.002  # of a frequency's mean power: -27 dB
_QUIETEST: Final = 3e-6  # of the whole spectrum's mean power: band limits and coders leave nothing below
_PAUSE: Final = -4.6  # natural logarithm of the mean power: 20 dB below it a frame counts half
_TINY: Final = 1e-12
_SKEWNESS, _KURTOSIS = 3, 4
_END: Final = 2**31 - 1

Numbers = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Member:
    """One small network: measures, standardised, to a logit.

    Attributes:
        mean: of each measure.
        scale: one over the deviation of each.
        layers: weights ``[in, out]``, kept with 16 bits, and biases ``[out]``; between them is a ReLU, the last one
            gives one number.
    """

    mean: Numbers
    scale: Numbers
    layers: Sequence[tuple[Numbers, Numbers]]


def front_end() -> bytes:
    """Give the model from a window to its measures alone: for training."""
    graph = Graph()
    sound = Tensor(INPUT)
    measures, count = _measures(graph, sound)
    return graph.model("texture-measures", (sound, [1, SAMPLES]), {"measures": (measures, [1, count])})


def build(members: Sequence[Member], others: Sequence[Member]) -> bytes:
    """Give the whole model: logits of "synthetic" and "recorded", and as embedding what each network says.

    Args:
        members: whose mean is the answer.
        others: that only speak in the embedding, behind the members.
    """
    graph = Graph()
    sound = Tensor(INPUT)
    measures, _ = _measures(graph, sound)
    said = [_judged(graph, measures, member) for member in (*members, *others)]
    every = graph.op("Concat", *said, axis=1)
    share = np.array([[1 / len(members)]] * len(members) + [[0]] * len(others), np.float32)
    mean = graph.op("MatMul", every, share)
    logits = graph.op("Concat", mean, graph.op("Mul", mean, graph.number(0.0)), axis=1)
    return graph.model(
        "voice-texture",
        (sound, [1, SAMPLES]),
        {"logits": (logits, [1, 2]), "embedding": (every, [1, len(said)])},
    )


def _judged(graph: Graph, measures: Tensor, member: Member) -> Tensor:
    centred = graph.op("Mul", graph.op("Sub", measures, member.mean[None]), member.scale[None])
    now = graph.op("Clip", centred, graph.number(-LIMIT), graph.number(LIMIT))
    for index, (weights, bias) in enumerate(member.layers):
        # Half the size in the file; the runtime makes them 32 bits once, when it loads the model.
        wide = graph.op("Cast", graph.constant(weights.astype(np.float16)), to=int(TensorProto.FLOAT))
        now = graph.op("Add", graph.op("MatMul", now, wide), bias[None])
        if index < len(member.layers) - 1:
            now = graph.op("Relu", now)
    return now


LIMIT: Final = 3.0
"""Deviations beyond which a measure counts no more: what training never saw must not decide alone."""


def _measures(graph: Graph, sound: Tensor) -> tuple[Tensor, int]:
    real, imaginary = _spectrum(graph, sound)
    power = graph.op("Add", graph.op("Mul", real, real), graph.op("Mul", imaginary, imaginary))
    weight, level, total = _levels(graph, power)
    found = [*_shape(graph, level, weight), *_bands(graph, level, weight)]
    found += _phase(graph, (real, imaginary), level, weight, total)
    flat = [graph.op("Reshape", part, graph.ints(1, -1)) for part, _ in found]
    return graph.op("Concat", *flat, axis=1), sum(count for _, count in found)


def _spectrum(graph: Graph, sound: Tensor) -> tuple[Tensor, Tensor]:
    """Real and imaginary part, ``[1, bins, frames]``, after pre-emphasis."""
    window = np.hanning(_FFT + 1)[:-1]
    bins = np.arange(_FIRST_BIN, _FIRST_BIN + _BINS)
    phase = 2 * np.pi * bins[:, None] * np.arange(_FFT)[None] / _FFT
    emphasis = np.abs(1 - 0.97 * np.exp(-2j * np.pi * bins / _FFT))[:, None]
    kernel = np.concatenate([np.cos(phase), -np.sin(phase)]) * window * np.concatenate([emphasis, emphasis])
    both = graph.op(
        "Conv", graph.op("Unsqueeze", sound, graph.ints(1)), kernel[:, None].astype(np.float32), strides=[_HOP]
    )
    return _until(graph, both, 1, _BINS), _from(graph, both, 1, _BINS)


def _levels(graph: Graph, power: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Give frame weights ``[1, 1, frames]``, log power about each bin's mean ``[1, bins, frames]``, mean power."""
    frame = graph.op("ReduceMean", power, graph.ints(1), keepdims=1)
    total = graph.op("Add", graph.op("ReduceMean", frame, graph.ints(2), keepdims=1), graph.number(_TINY))
    relative = graph.op("Log", graph.op("Add", graph.op("Div", frame, total), graph.number(1e-9)))
    raised = graph.op("Mul", graph.op("Sub", relative, graph.number(_PAUSE)), graph.number(2.0))
    weight = graph.op("Sigmoid", raised)
    mean = _mean(graph, power, weight)
    floor = graph.op(
        "Add", graph.op("Mul", mean, graph.number(_FLOOR)), graph.op("Mul", total, graph.number(_QUIETEST))
    )
    level = graph.op("Log", graph.op("Add", power, floor))
    return weight, graph.op("Sub", level, _mean(graph, level, weight)), total


def _shape(graph: Graph, level: Tensor, weight: Tensor) -> list[tuple[Tensor, int]]:
    """How the level of each frequency is spread, how it moves in time, and how it differs from its neighbours."""
    found = _moments(graph, level, weight, _BINS, (2, 3, 4))
    in_time: Sequence[tuple[int, Sequence[int]]] = ((1, (2, 4)), (3, (2, 4)), (8, (2,)))
    in_frequency: Sequence[tuple[int, Sequence[int]]] = ((1, (2, 3, 4)), (2, (2,)), (5, (2,)))
    for lag, orders in in_time:
        found += _moments(graph, _step(graph, level, 2, lag), _from(graph, weight, 2, lag), _BINS, orders)
    for lag, orders in in_frequency:
        found += _moments(graph, _step(graph, level, 1, lag), weight, _BINS - lag, orders)
    both = _step(graph, _step(graph, level, 1, 1), 2, 1)
    return found + _moments(graph, both, _from(graph, weight, 2, 1), _BINS - 1, (2, 4))


def _moments(
    graph: Graph, values: Tensor, weight: Tensor, bins: int, orders: Sequence[int]
) -> list[tuple[Tensor, int]]:
    """Log of the second moment by bands; the third and fourth in units of it."""
    square = graph.op("Mul", values, values)
    second = graph.op("Add", _pool(graph, _mean(graph, square, weight), bins), graph.number(1e-4))
    found = [(graph.op("Log", second), _BANDS)]
    if _SKEWNESS in orders:
        third = _pool(graph, _mean(graph, graph.op("Mul", square, values), weight), bins)
        found.append((graph.op("Div", third, graph.op("Mul", second, graph.op("Sqrt", second))), _BANDS))
    if _KURTOSIS in orders:
        fourth = _pool(graph, _mean(graph, graph.op("Mul", square, square), weight), bins)
        relative = graph.op("Div", fourth, graph.op("Mul", second, second))
        found.append((graph.op("Log", graph.op("Add", relative, graph.number(1e-4))), _BANDS))
    return found


def _bands(graph: Graph, level: Tensor, weight: Tensor) -> list[tuple[Tensor, int]]:
    """How the bands of 250 Hz rise and fall, and how far they do so together with those one, two and four above."""
    bands = _pool(graph, level, _BINS)
    variance = graph.op("Add", _mean(graph, graph.op("Mul", bands, bands), weight), graph.number(1e-4))
    found = [(graph.op("Log", variance), _BANDS)]
    for lag in (1, 2, 4):
        product = _mean(graph, graph.op("Mul", *_ends(graph, bands, 1, lag)), weight)
        norm = graph.op("Sqrt", graph.op("Mul", *_ends(graph, variance, 1, lag)))
        found.append((graph.op("Div", product, norm), _BANDS - lag))
    return found


def _phase(
    graph: Graph, spectrum: tuple[Tensor, Tensor], level: Tensor, weight: Tensor, total: Tensor
) -> list[tuple[Tensor, int]]:
    """How the phase bends in time, in frequency, and in both: means of unit vectors where there is energy."""
    power = graph.op("Add", *(graph.op("Mul", part, part) for part in spectrum))
    magnitude = graph.op("Sqrt", graph.op("Add", power, graph.op("Mul", total, graph.number(1e-9))))
    unit = [graph.op("Div", part, magnitude) for part in spectrum]
    loud = graph.op("Mul", graph.op("Sigmoid", level), weight)
    found = []
    for axis, bins in ((2, _BINS), (1, _BINS - 2)):
        bend = _turn(graph, _turn(graph, unit, axis), axis)
        near = _from(graph, _until(graph, loud, axis, 1), axis, 1)
        found += [_direction(graph, bend[0], near, bins)]
    mixed = _turn(graph, _turn(graph, unit, 2), 1)
    near = _from(graph, _from(graph, loud, 2, 1), 1, 1)
    return found + [_direction(graph, part, near, _BINS - 1) for part in mixed]


def _turn(graph: Graph, vectors: Sequence[Tensor], axis: int) -> list[Tensor]:
    """Each value times the conjugate of the one before it: by how much the phase turns."""
    (c, a), (d, b) = (_ends(graph, part, axis, 1) for part in vectors)
    real = graph.op("Add", graph.op("Mul", a, c), graph.op("Mul", b, d))
    return [real, graph.op("Sub", graph.op("Mul", b, c), graph.op("Mul", a, d))]


def _direction(graph: Graph, part: Tensor, loud: Tensor, bins: int) -> tuple[Tensor, int]:
    norm = _pool(graph, graph.op("ReduceSum", loud, graph.ints(2), keepdims=1), bins)
    total = _pool(graph, graph.op("ReduceSum", graph.op("Mul", part, loud), graph.ints(2), keepdims=1), bins)
    return graph.op("Div", total, graph.op("Add", norm, graph.number(1e-6))), _BANDS


def _mean(graph: Graph, values: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean over the frames."""
    total = graph.op("ReduceSum", graph.op("Mul", values, weight), graph.ints(2), keepdims=1)
    norm = graph.op("ReduceSum", weight, graph.ints(2), keepdims=1)
    return graph.op("Div", total, graph.op("Add", norm, graph.number(1e-6)))


def _pool(graph: Graph, values: Tensor, bins: int) -> Tensor:
    """Means by band of ``[1, bins, …]``; where bins are missing at the end, the last band has fewer."""
    band = np.arange(bins) // _WIDTH
    matrix = (band[None] == np.arange(_BANDS)[:, None]).astype(np.float32)
    return graph.op("MatMul", (matrix / matrix.sum(axis=1, keepdims=True))[None], values)


def _step(graph: Graph, values: Tensor, axis: int, lag: int) -> Tensor:
    """Each value minus the one ``lag`` before it."""
    before, after = _ends(graph, values, axis, lag)
    return graph.op("Sub", after, before)


def _ends(graph: Graph, values: Tensor, axis: int, lag: int) -> tuple[Tensor, Tensor]:
    """All but the last ``lag`` values, and all but the first."""
    return _until(graph, values, axis, lag), _from(graph, values, axis, lag)


def _from(graph: Graph, values: Tensor, axis: int, first: int) -> Tensor:
    return graph.op("Slice", values, graph.ints(first), graph.ints(_END), graph.ints(axis))


def _until(graph: Graph, values: Tensor, axis: int, left_out: int) -> Tensor:
    return graph.op("Slice", values, graph.ints(0), graph.ints(-left_out), graph.ints(axis))
