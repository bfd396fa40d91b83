"""What pydantic's ValidationErrors say, without the values: a task token or a password may be among them."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError


def error_summary(
    error: ValidationError,
    *,
    root: str = "",
    field_characters: int | None = None,
    message_characters: int | None = None,
) -> str:
    """Return the first problem as ``field: message``.

    Args:
        error: what pydantic raised.
        root: stands for the field's name where the whole value is wrong.
        field_characters: the field's name is cut there.
        message_characters: the message is cut there.
    """
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{dotted(first['loc'])[:field_characters] or root}: {first['msg'][:message_characters]}"


def dotted(location: Sequence[int | str]) -> str:
    """Return a problem's place as ``field.list.0``."""
    return ".".join(map(str, location))
