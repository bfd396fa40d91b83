"""What is said of a value that is wrong, and what is not."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from guardian_service.validation import error_summary


class Callback(BaseModel):
    token: int


class Request(BaseModel):
    callbacks: list[Callback]


def error_of(value: object) -> ValidationError:
    with pytest.raises(ValidationError) as raised:
        Request.model_validate(value)
    return raised.value


def test_the_first_problem_is_named_by_its_place_without_its_value() -> None:
    error = error_of({"callbacks": [{"token": 1}, {"token": "secret"}, {}]})
    summary = error_summary(error)
    assert summary.startswith("callbacks.1.token: Input should be a valid integer")
    assert "secret" not in summary


def test_a_problem_of_the_whole_value_has_a_name_too() -> None:
    assert error_summary(error_of(3), root="request").startswith("request: Input should be a valid dictionary")


def test_names_and_messages_can_be_cut() -> None:
    assert error_summary(error_of({}), field_characters=4, message_characters=5) == "call: Field"
