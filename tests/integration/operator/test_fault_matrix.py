"""A sample of the fault matrix, the same each time, with every server in it: `make faults` tries all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.cells import SCENARIOS, Cell, rows
from tests.faults.kinds import Kind, Place
from tests.faults.setting import matrix
from tests.faults.sweep import sample, sweep
from tests.support.aws.s3 import S3Process
from tests.support.kubernetes.apiserver import ApiServer

pytestmark = pytest.mark.integration

_CELLS = 6
_SEED = 487
_DEAFENING = (Kind.ERROR, Kind.GARBAGE)
"""Each ends kopf's watch. The second strikes only if the first one's watch is there again."""


def test_no_fault_of_a_sample_costs_or_doubles_a_verdict(api_server: ApiServer, s3: S3Process, tmp_path: Path) -> None:
    chosen = sample(rows(), _CELLS, _SEED)
    chosen += [Cell(SCENARIOS[0], Place.EVENT, kind) for kind in _DEAFENING]
    with matrix(api_server, s3, tmp_path) as tried:
        outcomes = sweep(tried, chosen, lambda _: None, further=False)
    assert [f"{outcome.cell}: {outcome.problems}" for outcome in outcomes if outcome.problems] == []
