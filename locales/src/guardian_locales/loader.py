"""Finds the languages' files and reads them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import yaml
from pydantic import ValidationError

from guardian_locales.locale import Locale

DEFAULT = "en"
"""Shown until a reader chooses another one; the language in which analyzers write their own messages."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def locales() -> tuple[Locale, ...]:
    """Return every language: the default one first, then in the order of their codes.

    Raises:
        ValidationError: a file lacks words, has unknown ones, or a text lacks what is filled in.
    """
    found = [read(file) for file in files("guardian_locales").iterdir() if file.name.endswith(".yaml")]
    return tuple(sorted(found, key=lambda locale: (locale.code != DEFAULT, locale.code)))


def read(file: Traversable) -> Locale:
    """Return one language from its file, which is named by the language's code."""
    words = yaml.load(file.read_text(encoding="utf-8"), _LOADER)  # noqa: S506 - it is a safe loader, in C if there is one
    try:
        return Locale.model_validate({"code": file.name.removesuffix(".yaml"), **words})
    except ValidationError as error:
        error.add_note(f"in {file.name}")
        raise
