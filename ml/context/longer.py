"""Long calls: frauds of which little is said in much other talk, and honest ones of twenty minutes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from ml.context.dialogues import calls
from ml.context.templates import Script
from ml.context.train import STAGES

COUNT = 8
"""Of each family."""

_HONEST, _AROUND, _DECISIVE = 7000, 3400, 600
"""Characters: of an honest call; of the other talk in a fraud, and of what is said for it: 15 %."""


def long_calls(script: Script, others: Sequence[Script]) -> Iterator[list[str]]:
    """Return the turns of long calls of a family.

    Args:
        script: of the family.
        others: honest ones that its talk comes to.
    """
    for number in range(COUNT):
        draw = random.Random(f"long {script.family} {number}")  # noqa: S311 - no secrets
        if not script.scam:
            yield _talk([script], others, _HONEST, draw)
            continue
        around, decisive = _talk([], others, _AROUND, draw), list[str]()
        for turn in next(calls(script, 1, f"decisive {number}")).turns:
            if turn.stage in STAGES[1:] and sum(map(len, decisive)) < _DECISIVE:
                decisive.append(turn.text)
        half, first = len(decisive) // 2, draw.randrange(len(around) // 3, len(around))
        second = draw.randrange(first, len(around) + 1)
        yield [*around[:first], *decisive[:half], *around[first:second], *decisive[half:], *around[second:]]


def _talk(first: Sequence[Script], others: Sequence[Script], length: int, draw: random.Random) -> list[str]:
    said, left = list[str](), list(first)
    while sum(map(len, said)) < length:
        script = left.pop() if left else draw.choice(others)
        said += [turn.text for turn in next(calls(script, 1, f"talk {draw.random()}")).turns][:60]
    return said
