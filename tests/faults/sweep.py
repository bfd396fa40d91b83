"""Try many cells: those that strike everything one by one, all others a few at a time."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

from tests.faults.cells import Cell
from tests.faults.runner import Matrix, Outcome
from tests.support.operator.process import until

_AT_A_TIME = 6
_KEPT_SECONDS = 30
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

    with ThreadPoolExecutor(_AT_A_TIME) as threads, ThreadPoolExecutor(_AT_A_TIME) as queue:
        together = threads.map(row, [cell for cell in cells if not cell.alone and not cell.queues])
        queued = [each for group in _in_turn(cells) for each in queue.map(row, group)]
    alone = [row(cell) for cell in cells if cell.alone]
    until(lambda: not matrix.at_rest(), "the operator and its pods to be at rest")
    at_the_end = [_at_the_end(matrix, each) for outcomes in (*queued, *together, *alone) for each in outcomes]
    for outcome in at_the_end:
        if outcome.problems:
            tell(outcome)
    return at_the_end


def _in_turn(cells: Iterable[Cell]) -> list[list[Cell]]:
    """Return the cells that share a connection, those of one kind and place together."""
    groups: dict[tuple[object, object], list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.queues:
            groups[cell.place, cell.kind].append(cell)
    return list(groups.values())


def _at_the_end(matrix: Matrix, outcome: Outcome) -> Outcome:
    if outcome.problems:  # of one that never ended more would be wrong
        return outcome
    with suppress(TimeoutError):
        until(lambda: not matrix.kept(outcome), "it to be kept", timeout=_KEPT_SECONDS)
    return replace(outcome, problems=tuple(matrix.kept(outcome)))
