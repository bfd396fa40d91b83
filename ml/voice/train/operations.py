"""Operations on spectrograms ``[1, bins, frames]`` in an ONNX graph: slices, differences, weighted means, bands."""

from __future__ import annotations

from typing import Final

import numpy as np

from guardian_models.graph import Graph, Tensor

BANDS: Final = 30
_END: Final = 2**31 - 1


def slice_from(graph: Graph, values: Tensor, axis: int, first: int) -> Tensor:
    """Return the values of an axis without the first ``first``."""
    return graph.op("Slice", values, graph.ints(first), graph.ints(_END), graph.ints(axis))


def slice_until(graph: Graph, values: Tensor, axis: int, left_out: int) -> Tensor:
    """Return the values of an axis without the last ``left_out``."""
    return graph.op("Slice", values, graph.ints(0), graph.ints(-left_out), graph.ints(axis))


def lagged(graph: Graph, values: Tensor, axis: int, lag: int) -> tuple[Tensor, Tensor]:
    """Return all values but the last ``lag``, and all but the first ``lag``."""
    return slice_until(graph, values, axis, lag), slice_from(graph, values, axis, lag)


def difference(graph: Graph, values: Tensor, axis: int, lag: int) -> Tensor:
    """Return each value minus the one ``lag`` before it."""
    before, after = lagged(graph, values, axis, lag)
    return graph.op("Sub", after, before)


def weighted_mean(graph: Graph, values: Tensor, weight: Tensor) -> Tensor:
    """Return the mean over the frames, ``[1, bins, 1]``, with a weight for each frame, ``[1, 1, frames]``."""
    total = graph.op("ReduceSum", graph.op("Mul", values, weight), graph.ints(2), keepdims=1)
    norm = graph.op("ReduceSum", weight, graph.ints(2), keepdims=1)
    return graph.op("Div", total, graph.op("Add", norm, graph.number(1e-6)))


def band_means(graph: Graph, values: Tensor, bins: int) -> Tensor:
    """Return the means of ``[1, bins, …]`` by band; with fewer bins the last band is smaller, or missing."""
    band = np.arange(bins) // _band_width(bins)
    matrix = (band[None] == np.arange(band_count(bins))[:, None]).astype(np.float32)
    return graph.op("MatMul", (matrix / matrix.sum(axis=1, keepdims=True))[None], values)


def band_count(bins: int) -> int:
    """Return the number of bands in which so many bins lie."""
    return -(-bins // _band_width(bins))


def _band_width(bins: int) -> int:
    return -(-bins // BANDS)
