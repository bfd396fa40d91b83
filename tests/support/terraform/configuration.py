"""terraform/ as data: what python-hcl2 reads, without its quotes and marks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from tests.cluster.paths import repo_root
from tests.support.kept import kept

ROOT = repo_root() / "terraform"

type Block = dict[str, Any]

_MARKS = {"__is_block__", "__comments__", "__inline_comments__"}
_PARSER = f"python-hcl2 {version('python-hcl2')}"


@dataclass(frozen=True)
class Configuration:
    """One folder of .tf files."""

    folder: Path

    @cached_property
    def files(self) -> dict[str, Block]:
        """Each file's name → its blocks."""
        return {path.name: _plain(_read(path)) for path in sorted(self.folder.glob("*.tf"))}

    @cached_property
    def text(self) -> str:
        """All files, without comments."""
        lines = "\n".join(path.read_text() for path in sorted(self.folder.glob("*.tf"))).splitlines()
        return "\n".join(re.sub(r"(^|\s)#.*$", "", line) for line in lines)

    def blocks(self, kind: str) -> Iterator[tuple[tuple[str, ...], Block]]:
        """Yield the labels and the content of each block of a kind."""
        labels = {"resource": 2, "data": 2, "module": 1, "variable": 1, "output": 1, "provider": 1}.get(kind, 0)
        for blocks in self.files.values():
            for block in blocks.get(kind, []):
                yield from _labelled(block, labels)

    def one(self, kind: str, *labels: str) -> Block:
        """Return one block; raise KeyError if there is none of that name."""
        return dict(self.blocks(kind))[labels]

    def local(self, name: str) -> Any:
        """Return a local value; raise KeyError if there is none of that name."""
        return {key: value for _, block in self.blocks("locals") for key, value in block.items()}[name]

    def default(self, variable: str) -> Any:
        """Return a variable's default; raise KeyError if it has none."""
        return self.one("variable", variable)["default"]


def _labelled(block: Block, labels: int) -> Iterator[tuple[tuple[str, ...], Block]]:
    if not labels:
        yield (), block
        return
    for label, inner in block.items():
        for rest, content in _labelled(inner, labels - 1):
            yield (label, *rest), content


def _read(path: Path) -> Block:
    """Return what the parser makes of a file. It takes a tenth of a second, and every process of a test run asks."""
    text = path.read_text()
    made = kept("hcl", f"{_PARSER}\n{text}".encode(), lambda target: _parse(text, target))
    return cast("Block", json.loads(made.read_text()))


def _parse(text: str, target: Path) -> None:
    import hcl2

    target.write_text(json.dumps(cast("Any", hcl2).loads(text)))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_unquoted(key): _plain(inner) for key, inner in value.items() if key not in _MARKS}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return _unquoted(value) if isinstance(value, str) else value


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
