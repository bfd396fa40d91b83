"""The fields of a resource, from its definition, and values for each: so a new field is tried without a word here."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import yaml

from tests.cluster.paths import repo_root

Json = dict[str, Any]

_ITEM = "[]"
_STRINGS = ("s3://media/other", "other", "OTHER", "250m", "256Mi", "https://other.example/hook", "a" * 64, "")
"""One of each kind that a rule of a definition may ask for; which of them it takes, the API server says."""
_ABSENT = object()


@dataclass(frozen=True)
class Field:
    """One field of a spec that holds no others. ``[]`` in the path is the first item of a list."""

    path: tuple[str, ...]
    schema: Json
    required: tuple[tuple[str, ...], ...] = ()
    """Of each object above it, the fields that it must have."""
    beside: tuple[str, ...] = ()
    """The strings that stand beside it and may be left out. A rule of the object may ask for one of them."""

    def __str__(self) -> str:
        return "spec." + ".".join(self.path).replace(f".{_ITEM}", _ITEM)


def fields(plural: str) -> list[Field]:
    """Return every field of the spec of a resource."""
    definition = yaml.safe_load((repo_root() / "crds" / f"{plural}.yaml").read_text())
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return list(_fields(schema, (), ()))


def _fields(schema: Json, path: tuple[str, ...], required: tuple[tuple[str, ...], ...]) -> Iterator[Field]:
    items = schema.get("items", {})
    if schema["type"] == "object" and "properties" in schema:
        must = tuple(schema.get("required", ()))
        may = tuple(
            name for name, inner in schema["properties"].items() if inner["type"] == "string" and name not in must
        )
        for name, inner in schema["properties"].items():
            for field in _fields(inner, (*path, name), (*required, must)):
                yield replace(field, beside=may) if field.path == (*path, name) else field
    elif schema["type"] == "array" and items.get("type") == "object":
        yield from _fields(items, (*path, _ITEM), (*required, ()))
    else:
        yield Field(path, schema, required)


def specs(field: Field, base: Json) -> Iterator[Json]:
    """Yield specs that differ from the base in this field, valid or not; one that is new to it also in its siblings."""
    for value in (*_values(field.schema), _ABSENT):
        for filler in _STRINGS:
            spec = copy.deepcopy(base)
            filled = _place(spec, field, value, filler)
            if spec != base:
                yield spec
            if not filled:
                break
    for value, sibling in product(_values(field.schema), field.beside if field.path[-2:-1] == (_ITEM,) else ()):
        spec = copy.deepcopy(base)
        _place(spec, field, value, "")
        _place(spec, replace(field, path=(*field.path[:-1], sibling)), "other", "")
        yield spec
    alone = _without(base, field.path[:1]) if len(field.path) > 1 else base
    if alone != base and field.path[0] in base:  # where it excludes a neighbour
        yield from specs(field, alone)


def _without(spec: Json, path: tuple[str, ...]) -> Json:
    return {name: value for name, value in spec.items() if name != path[0]}


def _values(schema: Json) -> list[Any]:
    wrong = [{"no": ["such"]}, 1.5]
    match schema["type"]:
        case "boolean":
            return [True, False, *wrong]
        case "integer":
            least, most = schema.get("minimum", 0), schema.get("maximum", 2**31)
            return [min(least + 1, most), max(most - 1, least), least - 1, most + 1, *wrong]
        case "string":
            longest = schema.get("maxLength", 1000)
            return [*schema.get("enum", _STRINGS), "x" * (longest + 1), *wrong]
        case "array":
            items = _values(schema["items"])
            return [*([item] for item in items), [items[0], items[0]], [], *wrong]
    return [{"other": "other"}, {"other": 1}, "text"]


def _place(spec: Json, field: Field, value: Any, filler: str) -> bool:
    """Put a value in its place, and return whether something else had to be filled in for it."""
    here: Any = spec
    filled = False
    for depth, name in enumerate(field.path):
        if isinstance(here, dict):
            for sibling in field.required[depth]:
                if sibling not in here and sibling != name:
                    here[sibling], filled = filler, True
        last = depth == len(field.path) - 1
        if last and value is _ABSENT:
            here.pop(name, None)
        elif last:
            here[name] = value
        elif name == _ITEM:
            here.append({}) if not here else None
            here = here[0]
        else:
            here = here.setdefault(name, [] if field.path[depth + 1] == _ITEM else {})
    return filled
