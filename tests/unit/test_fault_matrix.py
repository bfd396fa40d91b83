"""What the fault matrix tries and writes down, without what it tries it on."""

from __future__ import annotations

import pytest

from analysis_operator.api import AnalyzerSpec, RequestSpec, Resource
from tests.faults.card import FAULTS, card, with_section
from tests.faults.cells import SCENARIOS, Cell
from tests.faults.fields import fields, specs
from tests.faults.kinds import Kind, Place
from tests.faults.runner import Outcome

REQUEST = {"source": {"uri": "s3://media/call.wav"}, "callback": {"taskToken": "token"}}
ANALYZER = {"image": "scripted"}


@pytest.mark.parametrize(
    ("plural", "base", "spec"),
    [("analysisrequests", REQUEST, RequestSpec), ("analyzers", ANALYZER, AnalyzerSpec)],
)
def test_every_field_of_a_definition_gets_a_value_that_the_operator_can_read_and_one_that_it_cannot(
    plural: str, base: dict[str, object], spec: type[Resource]
) -> None:
    found = fields(plural)
    assert {field.path[0] for field in found} == {info.alias for info in spec.model_fields.values()}
    for field in found:
        readable = {_can_be_read(spec, each) for each in specs(field, base)}
        assert readable == {True, False}, field


def _can_be_read(spec: type[Resource], document: dict[str, object]) -> bool:
    try:
        spec.model_validate(document)
    except ValueError:
        return False
    return True


def test_a_part_of_the_matrix_leaves_the_rest_of_the_card_as_it_was() -> None:
    def outcome(kind: Kind) -> Outcome:
        return Outcome(Cell(SCENARIOS[0], Place.WRITE, kind), fired=True)

    first = with_section("# Head", FAULTS, card([outcome(Kind.REFUSED), outcome(Kind.CONFLICT)]))
    page = with_section(first, "Soak", "Two hours.")
    again = with_section(page, FAULTS, card([outcome(Kind.CONFLICT), outcome(Kind.FAILED)], page))
    assert "3 of 3 cells passed." in again
    assert again.startswith("# Head\n\n## Each fault\n")
    assert again.endswith("\n\n## Soak\n\nTwo hours.\n")
