"""Settings that every service has, and reading them at the start."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError

from guardian_service.validation import dotted

_PREFIX = "GUARDIAN_"
_Name = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


def _upper(value: object) -> object:
    name = value.upper() if isinstance(value, str) else value
    if name not in get_args(_Name):
        raise PydanticCustomError("log_level", "set DEBUG, INFO, WARNING or ERROR, in upper or lower case")
    return name


LogLevel = Annotated[_Name, BeforeValidator(_upper)]
"""A log level's name in any case; validated it is in upper case."""


NAMESPACE_PATTERN = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
Namespace = Annotated[str, StringConstraints(pattern=rf"^{NAMESPACE_PATTERN}$")]
GrantedNamespace = Annotated[str, StringConstraints(pattern=rf"^(\*|{NAMESPACE_PATTERN})$")]
"""A namespace, or ``*`` for every other one."""


def read_settings[S](settings: Callable[[], S], service: str) -> S:
    """Return the settings from the environment, or end this process with a sentence for each one that is wrong.

    The sentences do not show the values: a password may be among them.

    Args:
        settings: a class of settings by pydantic-settings.
        service: what does not start, as the first words of a sentence.
    """
    try:
        return settings()
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        summary = "; ".join(f"{_variable(*problem['loc'])}: {problem['msg']}" for problem in problems)
    except ValueError as error:  # a list or map that is not JSON
        summary = str(error)
    sys.exit(f"{service} does not start. {summary}")


def _variable(name: int | str, *rest: int | str) -> str:
    return dotted((f"{_PREFIX}{str(name).upper()}", *rest))
