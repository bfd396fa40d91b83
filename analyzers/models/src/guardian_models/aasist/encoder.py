"""Six residual blocks over the image of bands and time, written as tiles along time.

A tile's tensors fit into a core's cache, and only one tile's are in memory at a time: on 4 s of sound that takes a
third off the time and three quarters off the memory. Neighbouring tiles overlap by what the convolutions reach; the
zeros that pad the image's own ends stand only in the tiles that touch them, so the result is that of one piece.

Jung et al., arXiv 2110.01200, section 2.1. The published network has a batch norm and a SELU before each block's first
convolution too, but feeds that convolution from in front of them; the weights were trained so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from guardian_models.aasist import front_end
from guardian_models.aasist.parameters import Affine, Parameters, single
from guardian_models.graph import Graph, Tensor

_CHANNELS = (1, 32, 32, 64, 64, 64, 64)
CHANNELS = _CHANNELS[-1]
_POOL = 3

# Klambauer et al., "Self-Normalizing Neural Networks", arXiv 1706.02515
_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805
_LOG_ALPHA = math.log(_SELU_ALPHA)

type Columns = Callable[[int, int], Tensor]
"""Returns columns ``[start, end)`` of an image ``[1, channels, bands, end - start]``."""


@dataclass(frozen=True)
class Stage:
    """Blocks that are computed together, tile by tile.

    Attributes:
        blocks: consecutive ones.
        columns: of the last block's output, in one tile.
    """

    blocks: tuple[int, ...]
    columns: int


STAGES = (Stage((0, 1), 24), Stage((2,), 64), Stage((3,), 64), Stage((4,), 64), Stage((5,), 64))
"""Measured best of the ones tried: between 16 and 64 columns it matters little."""


def widths(samples: int) -> list[int]:
    """Return the image's width before each block, and after the last, for that many samples."""
    widths = [front_end.pooled_length(samples)]
    while len(widths) < len(_CHANNELS):
        widths.append(widths[-1] // _POOL)
    return widths


def encode(
    graph: Graph, parameters: Parameters, samples: Tensor, count: int, stages: Sequence[Stage] = STAGES
) -> Tensor:
    """Return the last block's output, ``[1, 64, 23, width]``.

    Args:
        graph: where it is written.
        parameters: the network's.
        samples: sound, ``[1, count]``.
        count: number of samples.
        stages: how the work is cut; it does not change the result.
    """
    *inside, last = widths(count)
    blocks = [_Block(graph, parameters, index, width) for index, width in enumerate(inside)]

    def source(start: int, end: int) -> Tensor:
        return front_end.image(graph, parameters, samples, start, end)

    columns: Columns = source
    for stage in stages:
        columns = _run(graph, [blocks[index] for index in stage.blocks], stage.columns, columns)
    return columns(0, last)


def _run(graph: Graph, blocks: Sequence[_Block], tile: int, source: Columns) -> Columns:
    """Compute blocks tile by tile, and return their joined output."""
    columns = source
    for block in blocks:
        columns = block.after(columns)
    width = blocks[-1].width // _POOL
    count = max(1, round(width / tile))
    edges = [round(index * width / count) for index in range(count + 1)]
    tiles = [columns(start, end) for start, end in pairwise(edges)]
    whole = graph.op("Concat", *tiles, axis=3) if count > 1 else tiles[0]
    return lambda start, end: _cut(graph, whole, start, end, width)


class _Block:
    """One residual block: ``pool(conv2(selu(conv1(x))) + shortcut(x))`` on an image ``width`` columns wide."""

    def __init__(self, graph: Graph, parameters: Parameters, index: int, width: int) -> None:
        name, inside, outside = f"encoder.{index}.0", _CHANNELS[index], _CHANNELS[index + 1]
        norm = parameters.batch_norm(f"{name}.bn2", outside)
        self._graph = graph
        self.width = width
        self._first = parameters.affine(f"{name}.conv1", outside, inside, 2, 3).then(*norm)
        self._second = parameters.affine(f"{name}.conv2", outside, outside, 2, 3)
        self._shortcut: Affine | None = None
        if inside != outside:
            self._shortcut = parameters.affine(f"{name}.conv_downsample", outside, inside, 1, 3)

    def after(self, source: Columns) -> Columns:
        """Return its pooled output, fed from ``source``."""
        return lambda start, end: self._tile(source, start, end)

    def _tile(self, source: Columns, start: int, end: int) -> Tensor:
        """Compute pooled columns ``start`` to ``end``: each convolution reaches one column further on both sides."""
        graph, width = self._graph, self.width
        left, right = _POOL * start, _POOL * end
        middle = max(0, left - 1), min(width, right + 1)
        outer = max(0, middle[0] - 1), min(width, middle[1] + 1)
        x = source(*outer)
        pads = middle[0] - (left - 1), right + 1 - middle[1]
        hidden = self._hidden(x, outer[0] - (middle[0] - 1), middle[1] + 1 - outer[1])
        y = self._output(hidden, *pads)
        if self._shortcut is None:
            shortcut = _cut(graph, x, left - outer[0], right - outer[0], outer[1] - outer[0])
        else:
            near = _cut(graph, x, middle[0] - outer[0], middle[1] - outer[0], outer[1] - outer[0])
            shortcut = _conv(graph, near, self._shortcut, (0, pads[0], 0, pads[1]))
        return graph.op("MaxPool", graph.op("Add", y, shortcut), kernel_shape=[1, _POOL], strides=[1, _POOL])

    def _hidden(self, x: Tensor, pad_left: int, pad_right: int) -> Tensor:
        """Return ``selu(conv1(x)) / scale + alpha + log(alpha)``.

        With ``z = conv1(x) + log(alpha)``, which the bias gives for nothing, that is
        ``max(z, log(alpha)) + exp(min(z, log(alpha)))``: four vectorised passes instead of a slow SELU.
        """
        graph = self._graph
        raised = Affine(self._first.weight, self._first.bias + _LOG_ALPHA)
        z = _conv(graph, x, raised, (1, pad_left, 1, pad_right))
        bound = graph.number(_LOG_ALPHA)
        negative = graph.op("Exp", graph.op("Clip", z, None, bound))
        return graph.op("Add", graph.op("Clip", z, bound), negative)

    def _output(self, hidden: Tensor, pad_left: int, pad_right: int) -> Tensor:
        """Return ``conv2`` of the SELU: its scale goes into the weights, and its offset, where nothing is padded."""
        graph, offset = self._graph, _SELU_ALPHA + _LOG_ALPHA
        weight, bias = _SELU_SCALE * self._second.weight, self._second.bias
        if pad_left or pad_right:
            hidden = graph.op("Sub", hidden, graph.number(offset))
        else:
            bias = bias - offset * weight.sum(axis=(1, 2, 3))
        return _conv(graph, hidden, Affine(weight, bias), (0, pad_left, 0, pad_right))


def _conv(graph: Graph, x: Tensor, layer: Affine, pads: tuple[int, int, int, int]) -> Tensor:
    """Add a convolution; pads: top, left, bottom, right."""
    kernel = [int(size) for size in layer.weight.shape[2:]]
    return graph.op("Conv", x, single(layer.weight), single(layer.bias), kernel_shape=kernel, pads=list(pads))


def _cut(graph: Graph, x: Tensor, start: int, end: int, width: int) -> Tensor:
    """Return columns ``start`` to ``end`` of an image that is ``width`` wide."""
    if (start, end) == (0, width):
        return x
    return graph.op("Slice", x, graph.ints(start), graph.ints(end), graph.ints(3))
