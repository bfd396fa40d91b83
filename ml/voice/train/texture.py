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
_BANDS: Final = 30
_FLOOR: Final = 0.002  # of a frequency's mean power: -27 dB
_QUIETEST: Final = 3e-6  # of the whole spectrum's mean power: band limits and coders leave nothing below
_PAUSE: Final = -4.6  # natural logarithm of the mean power: 20 dB below it a frame counts half
_TINY: Final = 1e-12
_SKEWNESS, _KURTOSIS = 3, 4
_END: Final = 2**31 - 1

Numbers = npt.NDArray[np.float32]
Lags = Sequence[tuple[int, Sequence[int]]]


@dataclass(frozen=True)
class _View:
    """One resolution of the spectrogram.

    Attributes:
        size: samples of a frame.
        hop: samples from one to the next.
        first: bin that the lowest band begins with, at 125 Hz.
        width: bins in a band of 250 Hz.
        in_time: frames between two levels that are compared, and the orders of the moments of their difference.
        in_frequency: the same for bins.
        pulses: whether frames are shorter than a period of the voice, so that its pulses are seen one by one.
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
        """How many are looked at."""
        return _BANDS * self.width


_HARMONICS: Final = _View(
    512, 160, 4, 8, ((1, (2, 4)), (3, (2, 4)), (8, (2,))), ((1, (2, 3, 4)), (2, (2,)), (5, (2,))), pulses=False
)
_PULSES: Final = _View(
    128, 32, 1, 2, ((1, (2, 3, 4)), (2, (2, 3)), (4, (2, 3, 4)), (10, (2,))), ((1, (2, 3, 4)), (4, (2,))), pulses=True
)


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
        now = graph.op("Add", graph.op("MatMul", now, _half(graph, weights)), bias[None])
        if index < len(member.layers) - 1:
            now = graph.op("Relu", now)
    return now


def _half(graph: Graph, weights: Numbers) -> Tensor:
    """Keep weights with 16 bits, half their size in the file; the runtime makes them 32 once, when it loads them."""
    return graph.op("Cast", graph.constant(weights.astype(np.float16)), to=int(TensorProto.FLOAT))


LIMIT: Final = 3.0
"""Deviations beyond which a measure counts no more: what training never saw must not decide alone."""


def _measures(graph: Graph, sound: Tensor) -> tuple[Tensor, int]:
    found = [part for view in (_HARMONICS, _PULSES) for part in _seen(graph, sound, view)]
    flat = [graph.op("Reshape", part, graph.ints(1, -1)) for part, _ in found]
    return graph.op("Concat", *flat, axis=1), sum(count for _, count in found)


def _seen(graph: Graph, sound: Tensor, view: _View) -> list[tuple[Tensor, int]]:
    spectrum = _spectrum(graph, sound, view)
    power = graph.op("Add", *(graph.op("Mul", part, part) for part in spectrum))
    levels = weight, level, _ = _levels(graph, power)
    found = [*_shape(graph, level, weight, view), *_bands(graph, level, weight, view)]
    return found + _phase(graph, spectrum, levels, view.bins)


def _spectrum(graph: Graph, sound: Tensor, view: _View) -> tuple[Tensor, Tensor]:
    """Real and imaginary part, ``[1, bins, frames]``, after pre-emphasis."""
    window = np.hanning(view.size + 1)[:-1]
    bins = np.arange(view.first, view.first + view.bins)
    phase = 2 * np.pi * bins[:, None] * np.arange(view.size)[None] / view.size
    emphasis = np.abs(1 - 0.97 * np.exp(-2j * np.pi * bins / view.size))[:, None]
    kernel = np.concatenate([np.cos(phase), -np.sin(phase)]) * window * np.concatenate([emphasis, emphasis])
    # 16 bits are rounded 70 dB below a frequency: _QUIETEST is above that.
    both = graph.op(
        "Conv", graph.op("Unsqueeze", sound, graph.ints(1)), _half(graph, kernel[:, None]), strides=[view.hop]
    )
    return _until(graph, both, 1, view.bins), _from(graph, both, 1, view.bins)


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


def _shape(graph: Graph, level: Tensor, weight: Tensor, view: _View) -> list[tuple[Tensor, int]]:
    """How the level of each frequency is spread, how it moves in time, and how it differs from its neighbours."""
    found = _moments(graph, level, weight, view.bins, (2, 3, 4))
    for lag, orders in view.in_time:
        found += _moments(graph, _step(graph, level, 2, lag), _from(graph, weight, 2, lag), view.bins, orders)
    for lag, orders in view.in_frequency:
        found += _moments(graph, _step(graph, level, 1, lag), weight, view.bins - lag, orders)
    both = _step(graph, _step(graph, level, 1, 1), 2, 1)
    return found + _moments(graph, both, _from(graph, weight, 2, 1), view.bins - 1, (2, 4))


def _moments(
    graph: Graph, values: Tensor, weight: Tensor, bins: int, orders: Sequence[int]
) -> list[tuple[Tensor, int]]:
    """Log of the second moment by bands; the third and fourth in units of it."""
    square = graph.op("Mul", values, values)
    second = graph.op("Add", _pool(graph, _mean(graph, square, weight), bins), graph.number(1e-4))
    found = [(graph.op("Log", second), _count(bins))]
    if _SKEWNESS in orders:
        third = _pool(graph, _mean(graph, graph.op("Mul", square, values), weight), bins)
        found.append((graph.op("Div", third, graph.op("Mul", second, graph.op("Sqrt", second))), _count(bins)))
    if _KURTOSIS in orders:
        fourth = _pool(graph, _mean(graph, graph.op("Mul", square, square), weight), bins)
        relative = graph.op("Div", fourth, graph.op("Mul", second, second))
        found.append((graph.op("Log", graph.op("Add", relative, graph.number(1e-4))), _count(bins)))
    return found


def _bands(graph: Graph, level: Tensor, weight: Tensor, view: _View) -> list[tuple[Tensor, int]]:
    """How the bands of 250 Hz rise and fall, and how far they do so together with those one, two and four above.

    Where pulses are seen, also how far these come together.
    """
    bands = _pool(graph, level, view.bins)
    if not view.pulses:
        return _together(graph, bands, weight)
    steps = _step(graph, bands, 2, 2)
    return _together(graph, bands, weight) + _together(graph, steps, _from(graph, weight, 2, 2))


def _together(graph: Graph, bands: Tensor, weight: Tensor) -> list[tuple[Tensor, int]]:
    variance = graph.op("Add", _mean(graph, graph.op("Mul", bands, bands), weight), graph.number(1e-4))
    found = [(graph.op("Log", variance), _BANDS)]
    for lag in (1, 2, 4):
        product = _mean(graph, graph.op("Mul", *_ends(graph, bands, 1, lag)), weight)
        norm = graph.op("Sqrt", graph.op("Mul", *_ends(graph, variance, 1, lag)))
        found.append((graph.op("Div", product, norm), _BANDS - lag))
    return found


def _phase(
    graph: Graph, spectrum: tuple[Tensor, Tensor], levels: tuple[Tensor, Tensor, Tensor], bins: int
) -> list[tuple[Tensor, int]]:
    """How the phase bends in time, in frequency, and in both: means of unit vectors where there is energy."""
    weight, level, total = levels
    power = graph.op("Add", *(graph.op("Mul", part, part) for part in spectrum))
    magnitude = graph.op("Sqrt", graph.op("Add", power, graph.op("Mul", total, graph.number(1e-9))))
    unit = [graph.op("Div", part, magnitude) for part in spectrum]
    loud = graph.op("Mul", graph.op("Sigmoid", level), weight)
    found = []
    for axis, left in ((2, bins), (1, bins - 2)):
        bend = _turn(graph, _turn(graph, unit, axis), axis)
        near = _from(graph, _until(graph, loud, axis, 1), axis, 1)
        found += [_direction(graph, bend[0], near, left)]
    mixed = _turn(graph, _turn(graph, unit, 2), 1)
    near = _from(graph, _from(graph, loud, 2, 1), 1, 1)
    return found + [_direction(graph, part, near, bins - 1) for part in mixed]


def _turn(graph: Graph, vectors: Sequence[Tensor], axis: int) -> list[Tensor]:
    """Each value times the conjugate of the one before it: by how much the phase turns."""
    (c, a), (d, b) = (_ends(graph, part, axis, 1) for part in vectors)
    real = graph.op("Add", graph.op("Mul", a, c), graph.op("Mul", b, d))
    return [real, graph.op("Sub", graph.op("Mul", b, c), graph.op("Mul", a, d))]


def _direction(graph: Graph, part: Tensor, loud: Tensor, bins: int) -> tuple[Tensor, int]:
    norm = _pool(graph, graph.op("ReduceSum", loud, graph.ints(2), keepdims=1), bins)
    total = _pool(graph, graph.op("ReduceSum", graph.op("Mul", part, loud), graph.ints(2), keepdims=1), bins)
    return graph.op("Div", total, graph.op("Add", norm, graph.number(1e-6))), _count(bins)


def _mean(graph: Graph, values: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean over the frames."""
    total = graph.op("ReduceSum", graph.op("Mul", values, weight), graph.ints(2), keepdims=1)
    norm = graph.op("ReduceSum", weight, graph.ints(2), keepdims=1)
    return graph.op("Div", total, graph.op("Add", norm, graph.number(1e-6)))


def _pool(graph: Graph, values: Tensor, bins: int) -> Tensor:
    """Means by band of ``[1, bins, …]``; where bins are missing at the end, the last band has fewer, or is missing."""
    band = np.arange(bins) // _width(bins)
    matrix = (band[None] == np.arange(_count(bins))[:, None]).astype(np.float32)
    return graph.op("MatMul", (matrix / matrix.sum(axis=1, keepdims=True))[None], values)


def _width(bins: int) -> int:
    return -(-bins // _BANDS)


def _count(bins: int) -> int:
    """How many bands these bins make."""
    return -(-bins // _width(bins))


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
