"""Other languages' files than those that are installed, for a while."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml

from analysis_operator.report import page as report_page
from guardian_locales import loader
from status_api import page as status_page
from tests.support.analyzers.toy_detectors import KIND, NAME

TOY_WORDS: Mapping[str, Mapping[str, Any]] = {
    "en": {
        "kinds": {KIND: {"title": "A toy", "what": "There is a toy.", "honest": "Toys are harmless."}},
        "detectors": {NAME: "Search for toys"},
    },
    "ko": {
        "kinds": {KIND: {"title": "장난감", "what": "장난감이 있습니다.", "honest": "장난감은 해롭지 않습니다."}},
        "detectors": {NAME: "장난감 찾기"},
    },
}
"""The words of the detector that exists only in tests."""

FILES = sorted(Path(loader.__file__).parent.glob("*.yaml"))


@contextmanager
def locales_in(folder: Path) -> Iterator[None]:
    """Let the report and the page read the languages' files of a folder."""
    with patch.object(loader, "files", lambda _: folder):
        _forget()
        yield
    _forget()


def _forget() -> None:
    for cached in (loader.locales, report_page._environment, status_page._files):
        cached.cache_clear()


def write_words(folder: Path, words: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the installed files into a folder, with more words, which are by code and section."""
    for file in FILES:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        for section, entries in words.get(file.stem, {}).items():
            document[section] |= entries
        (folder / file.name).write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
