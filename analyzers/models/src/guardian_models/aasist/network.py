"""The whole network: sound in, two logits and an embedding out.

Jung et al., "AASIST: Audio Anti-Spoofing using Integrated Spectro-Temporal Graph Attention Networks", arXiv 2110.01200,
in the size that the baseline of ASVspoof 5 has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from guardian_models.aasist import front_end
from guardian_models.aasist.attention import Attention, Nodes, linear, pool
from guardian_models.aasist.encoder import CHANNELS, STAGES, Stage, encode, widths
from guardian_models.aasist.parameters import Parameters, single
from guardian_models.graph import Graph, Tensor
from guardian_models.weights import Array

SAMPLES = 64600
"""4.04 s at 16 kHz."""
INPUT, LOGITS, EMBEDDING = "samples", "logits", "embedding"
CLASSES = ("spoof", "bona-fide")
EMBEDDING_SIZE = 160

_SIZE = 32
_TEMPERATURE = 2.0
_HETEROGENEOUS_TEMPERATURE = 100.0
_KEPT_BANDS, _KEPT_TIMES, _KEPT_LATER = 0.5, 0.7, 0.5


def build(arrays: Mapping[str, Array], samples: int = SAMPLES, stages: Sequence[Stage] = STAGES) -> bytes:
    """Return the network as an ONNX model.

    Args:
        arrays: the trained numbers by their published names.
        samples: length of a window; the publisher's is :data:`SAMPLES`.
        stages: how the encoder's work is cut.

    Raises:
        WeightsRefused: an array is missing, of another shape, or not finite.
    """
    parameters, graph, sound = Parameters(arrays), Graph(), Tensor(INPUT)
    encoded = graph.op("Abs", encode(graph, parameters, sound, samples, stages))
    bands, times = _nodes(graph, parameters, encoded, samples)
    branches = [_branch(graph, parameters, number, bands, times) for number in (1, 2)]
    time, band, stack = (graph.op("Max", *pair) for pair in zip(*branches, strict=True))
    embedding = _readout(graph, time, band, stack)
    logits = linear(graph, embedding, parameters.affine("out_layer", len(CLASSES), EMBEDDING_SIZE))
    return graph.model(
        "aasist",
        (sound, [1, samples]),
        {LOGITS: (logits, [1, len(CLASSES)]), EMBEDDING: (embedding, [1, EMBEDDING_SIZE])},
    )


def _nodes(graph: Graph, parameters: Parameters, encoded: Tensor, samples: int) -> tuple[Nodes, Nodes]:
    """Return the pooled nodes of bands and of times: the image's maxima along the other axis."""
    by_band = graph.op("Transpose", graph.op("ReduceMax", encoded, graph.ints(3), keepdims=0), perm=[0, 2, 1])
    by_band = graph.op("Add", by_band, single(parameters.get("pos_S", 1, front_end.BANDS, CHANNELS)))
    by_time = graph.op("Transpose", graph.op("ReduceMax", encoded, graph.ints(2), keepdims=0), perm=[0, 2, 1])
    band_layer, time_layer = (
        Attention(graph, parameters, f"GAT_layer_{kind}", CHANNELS, CHANNELS, _TEMPERATURE) for kind in "ST"
    )
    bands = band_layer.attend(Nodes(by_band, front_end.BANDS, CHANNELS))
    times = time_layer.attend(Nodes(by_time, widths(samples)[-1], CHANNELS))
    return (
        pool(graph, parameters, "pool_S", bands, _KEPT_BANDS),
        pool(graph, parameters, "pool_T", times, _KEPT_TIMES),
    )


def _branch(
    graph: Graph, parameters: Parameters, number: int, bands: Nodes, times: Nodes
) -> tuple[Tensor, Tensor, Tensor]:
    """Return time nodes, band nodes and the stack node after one of the two competing branches."""
    first, second = (
        Attention(graph, parameters, f"HtrgGAT_layer_ST{number}{layer}", size, _SIZE, _HETEROGENEOUS_TEMPERATURE)
        for layer, size in ((1, CHANNELS), (2, _SIZE))
    )
    stack = graph.constant(single(parameters.get(f"master{number}", 1, 1, CHANNELS)))
    times, bands, stack = first.attend_both(times, bands, stack)
    bands = pool(graph, parameters, f"pool_hS{number}", bands, _KEPT_LATER)
    times = pool(graph, parameters, f"pool_hT{number}", times, _KEPT_LATER)
    more_times, more_bands, more_stack = second.attend_both(times, bands, stack)
    return (
        graph.op("Add", times.tensor, more_times.tensor),
        graph.op("Add", bands.tensor, more_bands.tensor),
        graph.op("Add", stack, more_stack),
    )


def _readout(graph: Graph, time: Tensor, band: Tensor, stack: Tensor) -> Tensor:
    """Return the embedding, ``[1, 160]``: largest magnitude and mean of each kind of nodes, and the stack node."""
    parts = []
    for nodes in (time, band):
        parts.append(graph.op("ReduceMax", graph.op("Abs", nodes), graph.ints(1), keepdims=0))
        parts.append(graph.op("ReduceMean", nodes, graph.ints(1), keepdims=0))
    return graph.op("Concat", *parts, graph.op("Squeeze", stack, graph.ints(1)), axis=1)
