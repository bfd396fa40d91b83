"""Try many cells: those that strike everything one by one, all others a few at a time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from tests.faults.cells import Cell
from tests.faults.runner import Matrix, Outcome
from tests.support.operator.process import until

_AT_A_TIME = 6
_MOST = 12
"""Calls or events of one request that a fault may strike; none has more without a fault."""


def sample(cells: Iterable[Cell], count: int, seed: int) -> list[Cell]:
    """Return so many cells, the same for the same seed."""
    return random.Random(seed).sample(list(cells), count)


def sweep(matrix: Matrix, cells: Sequence[Cell], tell: Callable[[Outcome], None], *, further: bool) -> list[Outcome]:
    """Try the cells; with `further`, each fault also at the second, third … call, until there is no such call.

    Returns:
        The outcomes of the faults that struck, and as a problem each whose first call never came.
    """

    def row(cell: Cell) -> list[Outcome]:
        outcomes = []
        for nth in range(cell.nth, _MOST + 1 if further else cell.nth + 1):
            outcome = matrix.run(replace(cell, nth=nth))
            tell(outcome)
            if not outcome.fired:
                if nth == cell.nth:  # as after a fault that left the operator deaf
                    outcomes.append(replace(outcome, problems=(*outcome.problems, "there was no such call")))
                break
            outcomes.append(outcome)
        return outcomes

    with ThreadPoolExecutor(_AT_A_TIME) as threads:
        together = list(threads.map(row, [cell for cell in cells if not cell.alone]))
    alone = [row(cell) for cell in cells if cell.alone]
    until(lambda: not matrix.at_rest(), "the operator and its pods to be at rest")
    return [outcome for outcomes in together + alone for outcome in outcomes]
